"""Seq: the number of a change in its stream, made of an epoch and the change's place `n` in it.

There are two kinds of epochs, and a number shows its kind. Epochs of the clock, from 2^29 on, count
seconds: `epoch << 32 | n`. Older streams have epochs below 2^21, which counted hours:
`epoch << 40 | n`. Every number of the first kind is above every number of the second, and all fit
into the 63 bits of a version in Elasticsearch.
"""

from shared.values.next_epoch import CLOCK_BITS, FIRST_OF_CLOCK, HOUR_BITS, bits_of

_FIRST_SEQ_OF_CLOCK = FIRST_OF_CLOCK << CLOCK_BITS


def make_seq(epoch: int, n: int) -> int:
    """The number of the `n`-th change of an epoch: later epochs are above all earlier ones."""
    return epoch << bits_of(epoch) | n


def split_seq(seq: int) -> tuple[int, int]:
    """(epoch, n) of a seq."""
    bits = CLOCK_BITS if seq >= _FIRST_SEQ_OF_CLOCK else HOUR_BITS
    return seq >> bits, seq & ((1 << bits) - 1)
