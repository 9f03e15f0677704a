"""Checksums of binlog events: how many bytes they have, and whether they are right."""

import struct
import zlib

from shared.adapters.binlog.kinds import FORMAT_DESCRIPTION, ROTATE
from shared.values.errors import SourceError, SourceUnavailable

_WORD = struct.Struct("<I").unpack_from
_VERSION = b"\x04\x00"
_IN_USE = 1  # a flag that the server sets in the format description after it computed the checksum
_HEADER = 19


class Checksums:
    """The checksums of one connection.

    `size` is the bytes behind each event, None before the format description. `thing` is the
    server, for errors.
    """

    def __init__(self, thing: str) -> None:
        self._thing = thing
        self.size: int | None = None

    def end(self, kind: int, data: bytes, start: int, end: int) -> int:
        """Where the body of the event at `data[start:end]` ends, its checksum verified.

        A format description says itself whether events after it bear checksums, and always bears
        one. A rotate event may precede the first format description: it bears one when the
        last four bytes are its checksum (a file name that passes by chance is one in 4 billion).
        """
        if kind == ROTATE:
            return end - 4 if zlib.crc32(data[start : end - 4]) == _WORD(data, end - 4)[0] else end
        if kind == FORMAT_DESCRIPTION:
            # an event that damage makes look like one must not be what switches the checksums off
            body = start + _HEADER
            if data[body : body + 2] != _VERSION or data[body + 56] != _HEADER:
                raise damaged("a format description is not one", self._thing)
            algorithm = data[end - 5]
            if algorithm > 1:
                raise SourceError(
                    f"binlog_checksum algorithm {algorithm} is not known here.",
                    thing=self._thing,
                    hint="Set binlog_checksum to CRC32 or NONE.",
                )
            self.size = 4 * algorithm
            event = bytearray(data[start : end - 4])
            event[17] &= ~_IN_USE
            event[-1] = (
                # where checksums are off this one may be left wrong; but it must not be the right
                # one for checksums that are on
                1
            )
            if (zlib.crc32(event) == _WORD(data, end - 4)[0]) != bool(algorithm):
                raise damaged("an event does not match its checksum", self._thing)
            return end - 5
        if self.size is None:
            raise damaged("an event came before the format description", self._thing)
        if not self.size:
            return end
        if zlib.crc32(memoryview(data)[start : end - 4]) != _WORD(data, end - 4)[0]:
            raise damaged("an event does not match its checksum", self._thing)
        return end - 4


def damaged(what: str, thing: str) -> SourceUnavailable:
    """Bytes were damaged between the server's disk and here.

    Reading again helps unless the binlog itself is damaged, which the retries then show.
    """
    return SourceUnavailable(
        f"{what}.",
        thing=thing,
        hint="If it stays so, the binlog file or the network damages bytes.",
    )
