"""From the socket to events.

Packets are framed from large reads, events of 16 MB and more joined, checksums verified.
"""

import select
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from shared.adapters.binlog.checksums import Checksums, damaged
from shared.adapters.binlog.kinds import FORMAT_DESCRIPTION, ROTATE, ROWS, TABLE_MAP
from shared.values.errors import RowlineError, SourceUnavailable

RawEvent = tuple[int, int, int, int, int, int, bytes, int, int]
"""One binlog event: (kind, ts, server_id, size, log_pos, flags, data, start, end).

Its body is `data[start:end]`, without header and checksum; `data` may hold other events too. `ts`
seconds (0 in events that the server makes up for this connection), `size` bytes in the binlog,
`log_pos` where the next event begins (low 32 bits; 0 in made-up events). Source: MySQL internals
manual, "Binlog Event Header". A plain tuple: one is made for every event of a busy server.
"""

_CHUNK = 1 << 18
_GATHER_SECONDS = 0.001
_LARGEST = 0xFFFFFF
_HEAD = struct.Struct(
    "<IBIBIIIH"
).unpack_from  # packet length and number, OK byte, then the event's header
_EVENT_HEAD = struct.Struct("<BIBIIIH").unpack_from
_WORD = struct.Struct("<I").unpack_from
_HEADER = 19
_RESIDUE = 0x2144DF1C  # the CRC-32 of any data with its own CRC-32 (little-endian) behind it
_ERR, _EOF = 0xFF, 0xFE
_SELF_DESCRIBING = frozenset((ROTATE, FORMAT_DESCRIPTION))


class Packets:
    """The events that a server sends after a dump command.

    `refused` makes the error for an ERR packet. A gap in packet numbers, a length that does not fit
    or a wrong checksum is an error, never a guess.
    """

    def __init__(self, socket: Any, refused: Callable[[bytes], RowlineError], thing: str) -> None:
        self._socket, self._refused, self._thing = socket, refused, thing
        self._checksums = Checksums(thing)
        self._poll = select.poll()
        self._poll.register(socket, select.POLLIN)

    def events(self) -> Iterator[RawEvent | None]:
        """Events as they come; None whenever all that has arrived was yielded and more must be
        waited for.

        A table map that repeats the one before it, with nothing but row events between, is left
        out: statements of one row have one each.

        Raises SourceUnavailable when the connection ends, and what `refused` makes of the server's
        own error.
        """
        data, at, number, crc32 = b"", 0, 1, zlib.crc32
        table_map = b""  # the body of the last one, while only row events came since
        while True:
            available, checksum = len(data), self._checksums.size
            while at + 24 <= available:
                head, ok, ts, kind, server, size, log_pos, flags = _HEAD(data, at)
                end = at + 5 + size
                if (
                    end > available
                    or head != (number << 24) + size + 1
                    or ok
                    or size == _LARGEST - 1
                ):
                    break
                number = number + 1 & 0xFF
                if kind in _SELF_DESCRIBING:
                    yield (
                        kind,
                        ts,
                        server,
                        size,
                        log_pos,
                        flags,
                        data,
                        at + 24,
                        self._checksums.end(kind, data, at + 5, end),
                    )
                    checksum = self._checksums.size
                elif checksum:
                    if crc32(data[at + 5 : end]) != _RESIDUE:
                        raise damaged("an event does not match its checksum", self._thing)
                    if kind == TABLE_MAP:
                        body = data[at + 24 : end - 4]
                        if body == table_map:
                            at = end
                            continue
                        table_map = body
                    elif kind not in ROWS:
                        table_map = b""
                    yield kind, ts, server, size, log_pos, flags, data, at + 24, end - 4
                elif checksum is None:
                    raise damaged("an event came before the format description", self._thing)
                else:
                    yield kind, ts, server, size, log_pos, flags, data, at + 24, end
                at = end
            # what stands at `at` is either incomplete or no ordinary packet
            length = _WORD(data, at)[0] & _LARGEST if available - at >= 4 else 0
            missing = at + 4 + length - available
            if missing > 0 or not length:
                if self._waits():
                    yield None
                    self._gather()
                data, at = data[at:] + self._more(missing), 0
                continue
            if data[at + 4] == _ERR:
                raise self._refused(data[at + 4 : at + 4 + length])
            if data[at + 4] == _EOF and length < 9:
                raise SourceUnavailable("the server ended the binlog stream.", thing=self._thing)
            if data[at + 3] != number:
                raise self._misplaced(data[at + 3], number)
            if length != _LARGEST:
                raise damaged("an event's length does not match its packet", self._thing)
            event, data, number = self._join(data[at:], number)
            at = 0
            yield event

    def _join(self, data: bytes, number: int) -> tuple[RawEvent, bytes, int]:
        """Join an event that is larger than a packet; `data` begins with its first one.

        Returns (the event, what was read behind it, the number of the next packet).
        """
        parts: list[bytes] = []
        length = _LARGEST
        while length == _LARGEST:
            if len(data) < 4:
                data += self._more(4 - len(data))
                continue
            length = _WORD(data, 0)[0] & _LARGEST
            if len(data) < 4 + length:
                data += self._more(4 + length - len(data))
                length = _LARGEST
                continue
            if data[3] != number:
                raise self._misplaced(data[3], number)
            number = number + 1 & 0xFF
            parts.append(data[4 : 4 + length])
            data = data[4 + length :]
        whole = b"".join(parts)
        del parts
        ok, ts, kind, server, size, log_pos, flags = _EVENT_HEAD(whole, 0)
        if ok or size != len(whole) - 1:
            raise damaged("an event's length does not match its packets", self._thing)
        end = self._checksums.end(kind, whole, 1, len(whole))
        return (kind, ts, server, size, log_pos, flags, whole, 1 + _HEADER, end), data, number

    def _waits(self) -> bool:
        """Whether a read would have to wait: the server has sent nothing more so far."""
        pending = getattr(self._socket, "pending", None)  # bytes that TLS has decrypted already
        return not (pending and pending()) and not self._poll.poll(0)

    def _gather(self) -> None:
        """Wait for the server, and then a little longer.

        One that sends event by event would cost two system calls for each.
        """
        self._poll.poll(1000 * (self._socket.gettimeout() or 60))
        time.sleep(_GATHER_SECONDS)

    def _more(self, missing: int) -> bytes:
        """What has arrived; at least `missing` bytes when that is more than a usual read.

        Those come in one buffer, or joining would be quadratic.
        """
        try:
            if missing <= _CHUNK:
                received = self._socket.recv(_CHUNK)
                if received:
                    return bytes(received)
            else:
                buffer = bytearray(missing)
                view, filled = memoryview(buffer), 0
                while filled < missing:
                    count = self._socket.recv_into(view[filled:])
                    if not count:
                        break
                    filled += count
                if filled == missing:
                    return bytes(buffer)
        except TimeoutError:
            raise SourceUnavailable(
                "the server has been silent for too long.",
                thing=self._thing,
                hint="Check the network.",
            ) from None
        except (
            OSError,
            ValueError,
        ) as error:  # ValueError: the socket was closed by another thread
            raise SourceUnavailable(
                f"the connection broke: {error}.", thing=self._thing, hint="Check the network."
            ) from None
        raise SourceUnavailable(
            "the server closed the connection.", thing=self._thing, hint="Check that it runs."
        )

    def _misplaced(self, found: int, due: int) -> SourceUnavailable:
        return damaged(f"packet {found} came where packet {due} was due", self._thing)
