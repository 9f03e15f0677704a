"""MySQL's compressed transactions: the events inside a TRANSACTION_PAYLOAD event."""

from collections.abc import Iterator
from struct import Struct
from typing import Any

from shared.adapters.binlog.length_encoded import length_encoded
from shared.adapters.binlog.packets import RawEvent
from shared.values.compression import zstd
from shared.values.errors import SourceError

_HEAD = Struct("<IBIIIH")
_HEADER = 19
_END, _SIZE, _COMPRESSION, _UNCOMPRESSED_SIZE = 0, 1, 2, 3
_ZSTD, _NONE = 0, 255
_PIECE = 1 << 20


def events(body: bytes) -> Iterator[RawEvent]:
    """The events inside, decompressed piece by piece.

    They bear no checksum (the event around them does) and no position of their own.

    Fields of (type, length, value) stand in front: the compression and the sizes. Source: MySQL
    libs/mysql/binlog/event/codecs/binary.cpp. Raises SourceError.
    """
    try:
        at, compression = 0, _NONE
        while True:
            field, at = length_encoded(body, at)
            if field == _END:
                break
            length, at = length_encoded(body, at)
            if field == _COMPRESSION:
                compression, _ = length_encoded(body, at)
            at += length
        if compression == _NONE:
            yield from _split([body[at:]])
        elif compression == _ZSTD:
            yield from _split(_decompressed(memoryview(body)[at:]))
        else:
            raise ValueError("compression")
    except (ValueError, IndexError, KeyError, EOFError, zstd.ZstdError) as error:
        raise SourceError(
            f"a compressed transaction cannot be read ({type(error).__name__}).",
            thing="binlog",
            hint="Report it with the server's version.",
        ) from None


def _decompressed(data: Any) -> Iterator[bytes]:
    reader = zstd.ZstdDecompressor()
    while not reader.eof:
        if reader.needs_input:
            if not data:
                raise ValueError("cut off")
            part, data = data[:_PIECE], data[_PIECE:]
        else:
            part = b""
        yield reader.decompress(part, _PIECE)


def _split(pieces: Iterator[bytes] | list[bytes]) -> Iterator[RawEvent]:
    rest = b""
    for piece in pieces:
        data, at = rest + piece, 0
        while len(data) - at >= _HEADER:
            ts, kind, server, size, _, flags = _HEAD.unpack_from(data, at)
            if size < _HEADER:
                raise ValueError("event size")
            if at + size > len(data):
                break
            yield kind, ts, server, size, 0, flags, data, at + _HEADER, at + size
            at += size
        rest = data[at:]
    if rest:
        raise ValueError("cut off")
