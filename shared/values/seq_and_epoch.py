"""Seq: the number of a change in its stream, made of an epoch and the change's place `n` in it.

There are two kinds of epochs, and a number shows its kind. Epochs of the clock, from 2^29 on, count
seconds: `epoch << 32 | n`. Older streams have epochs below 2^21, which counted hours:
`epoch << 40 | n`. Every number of the first kind is above every number of the second, and all fit
into the 63 bits of a version in Elasticsearch.
"""

_CLOCK_BITS, _HOUR_BITS = 32, 40
_FIRST_OF_CLOCK = 1 << 29
_HOURS_END = 1 << 21
_FIRST_SEQ_OF_CLOCK = _FIRST_OF_CLOCK << _CLOCK_BITS
_RAISED = 60
_CLOCK_STARTS_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""

MAX_EPOCH = (1 << 31) - 2
"""Above this epoch there are no numbers left. The clock reaches it in 2077."""


def make_seq(epoch: int, n: int) -> int:
    """The number of the `n`-th change of an epoch: later epochs are above all earlier ones."""
    return epoch << _bits(epoch) | n


def split_seq(seq: int) -> tuple[int, int]:
    """(epoch, n) of a seq."""
    bits = _CLOCK_BITS if seq >= _FIRST_SEQ_OF_CLOCK else _HOUR_BITS
    return seq >> bits, seq & ((1 << bits) - 1)


def epoch_at(now_ms: int) -> int:
    """The epoch in which a stream begins at this time (Unix ms).

    A stream that lost its checkpoint, or that was deployed again under its name, begins above its
    old numbers, which sinks hold as versions. The reason is that no stream begins more than one
    epoch a second.
    """
    return _FIRST_OF_CLOCK + max(0, now_ms - _CLOCK_STARTS_MS) // 1000


def next_epoch(*former: int, now_ms: int = 0) -> int:
    """The epoch to begin now: above all `former` ones, which are in use or asked to be passed.

    now_ms: Unix ms, if a stream begins or is reset. Then the epoch is at least that of the clock.
    """
    epoch = max(former, default=0) + 1
    if _HOURS_END <= epoch < _FIRST_OF_CLOCK:
        epoch <<= _HOUR_BITS - _CLOCK_BITS  # the epoch of the clock with the same numbers
    return max(epoch, epoch_at(now_ms)) if now_ms else epoch


def is_of_this_second(epoch: int, now_ms: int) -> bool:
    """Whether the clock has yet to pass an epoch: the next one must not begin before.

    So epochs never run ahead of the clock, and a stream that is deployed again begins above them.
    Epochs that were raised further, for the sake of an index, are not delayed.
    """
    return 0 <= epoch - epoch_at(now_ms) < _RAISED


def is_half_used(seq: int) -> bool:
    """Whether half of the numbers of an epoch are used; the rest is for one transaction."""
    epoch, n = split_seq(seq)
    return n >> (_bits(epoch) - 1) > 0


def _bits(epoch: int) -> int:
    return _CLOCK_BITS if epoch >= _FIRST_OF_CLOCK else _HOUR_BITS
