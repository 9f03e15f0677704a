"""SentChunk: rows that were read, and may still be lost with the server that was read."""

import msgspec

from shared.values.position import Position


class SentChunk(msgspec.Struct, frozen=True):
    """Rows that were sent before the relay had proved that they are in the binlog.

    after: cursor before the chunk; the chunk is read again from there.
    end: end of the binlog after the SELECT.
    server: the server that was read, and when it was started.
    """

    after: str
    end: Position
    server: str
