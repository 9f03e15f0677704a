"""Asked end: an end of the binlog that the relay has to reach."""

import msgspec

from shared.values.position import Position


class AskedEnd(msgspec.Struct, frozen=True):
    """The slices of a job wait for the same one.

    server: the server whose end it is, and when it was started.
    """

    end: Position
    server: str
