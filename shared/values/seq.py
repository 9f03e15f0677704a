"""Seq: the number of a change in its stream, `epoch << 40 | n`, and the epochs it is made of."""

SEQ_BITS = 40


def make_seq(epoch: int, n: int) -> int:
    """The number of the `n`-th change of an epoch: later epochs are above all earlier ones."""
    return epoch << SEQ_BITS | n


def split_seq(seq: int) -> tuple[int, int]:
    """(epoch, n) of a seq."""
    return seq >> SEQ_BITS, seq & ((1 << SEQ_BITS) - 1)


def epoch_at(now_ms: int) -> int:
    """The epoch that a stream begins with at this time (Unix ms): hours since 1970, ≈ 498,000 in
    2026, and until the year 2927 below the 2^23 that a seq of 63 bits takes. Streams whose
    checkpoint was lost thereby begin above their old numbers, which sinks hold as versions: no
    stream needs a new epoch each hour.
    """
    return now_ms // 3_600_000


def next_epoch(*former: int, now_ms: int = 0) -> int:
    """The epoch to begin now: above all `former` ones, which are published or asked to be passed.

    `now_ms`: Unix ms where the stream begins or is reset: then the epoch is the clock's at least.
    """
    return max(max(former, default=0) + 1, epoch_at(now_ms))
