"""Next epoch: a run of dense numbers of a stream, and the choice of the next one.

There are two kinds of epochs. Epochs of the clock, from 2^29 on, count seconds. Older streams have
epochs below 2^21, which counted hours.
"""

CLOCK_BITS, HOUR_BITS = 32, 40
FIRST_OF_CLOCK = 1 << 29
_HOURS_END = 1 << 21
_RAISED = 60
_CLOCK_STARTS_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""

EPOCH_SECONDS = 30
"""A job waits this long for the relay to number above a version that somebody else has written."""

MAX_EPOCH = (1 << 31) - 2
"""Above this epoch there are no numbers left. The clock reaches it in 2077."""


def epoch_at(now_ms: int) -> int:
    """The epoch in which a stream begins at this time (Unix ms).

    A stream that lost its checkpoint, or that was deployed again under its name, begins above its
    old numbers, which sinks hold as versions. The reason is that no stream begins more than one
    epoch a second.
    """
    return FIRST_OF_CLOCK + max(0, now_ms - _CLOCK_STARTS_MS) // 1000


def next_epoch(*former: int, now_ms: int = 0) -> int:
    """The epoch to begin now: above all `former` ones, which are in use or asked to be passed.

    now_ms: Unix ms, if a stream begins or is reset. Then the epoch is at least that of the clock.
    """
    epoch = max(former, default=0) + 1
    if _HOURS_END <= epoch < FIRST_OF_CLOCK:
        epoch <<= HOUR_BITS - CLOCK_BITS  # the epoch of the clock with the same numbers
    return max(epoch, epoch_at(now_ms)) if now_ms else epoch


def is_of_this_second(epoch: int, now_ms: int) -> bool:
    """Whether the clock has yet to pass an epoch: the next one must not begin before.

    So epochs never run ahead of the clock, and a stream that is deployed again begins above them.
    Epochs that were raised further, for the sake of an index, are not delayed.
    """
    return 0 <= epoch - epoch_at(now_ms) < _RAISED


def is_half_used(epoch: int, n: int) -> bool:
    """Whether half of the numbers of an epoch are used, so that the next one begins.

    n: the place of the last change in its epoch. The rest of the numbers is for one transaction.
    """
    return n >> (bits_of(epoch) - 1) > 0


def bits_of(epoch: int) -> int:
    return CLOCK_BITS if epoch >= FIRST_OF_CLOCK else HOUR_BITS
