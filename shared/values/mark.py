"""Mark: how far a consumer has come in one message group of the live lane."""

import msgspec


class Mark(msgspec.Struct, frozen=True):
    """`seq` is the highest seq applied, `count` the number of changes seen."""

    seq: int = 0
    count: int = 0
