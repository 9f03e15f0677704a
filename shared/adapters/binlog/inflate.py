"""What MariaDB and MySQL compress: column values, events, whole transactions."""

import zlib

_ZLIB = 8


def column(raw: bytes) -> bytes:
    """The value of a MariaDB COMPRESSED column.

    A byte of method (high half: 0 as it is, 8 zlib), a flag for data without zlib's header (8) and
    the size of the length field (low 3 bits), then the length (big-endian), then the data. Source:
    MariaDB sql/field_comp.cc. Raises ValueError.
    """
    if not raw:
        return b""
    method = raw[0] >> 4
    if not method:
        return raw[1:]
    if method != _ZLIB:
        raise ValueError("compression method")
    size = raw[0] & 7
    return _expand(
        raw[1 + size :], -15 if raw[0] & 8 else 15, int.from_bytes(raw[1 : 1 + size], "big")
    )


def event_part(raw: bytes) -> bytes:
    """The compressed part of a MariaDB `*_COMPRESSED` event.

    A byte 0x80 | method << 4 | size of the length field, the length (big-endian), zlib data.

    Source: MariaDB sql/log_event.cc, binlog_buf_uncompress. Raises ValueError.
    """
    if not raw or not raw[0] & 0x80 or raw[0] >> 4 & 7:
        raise ValueError("compression method")
    size = raw[0] & 7
    return _expand(raw[1 + size :], 15, int.from_bytes(raw[1 : 1 + size], "big"))


def _expand(data: bytes, wbits: int, length: int) -> bytes:
    try:
        reader = zlib.decompressobj(wbits)
        text = reader.decompress(data, length + 1)
    except zlib.error as error:
        raise ValueError(f"compressed data: {error}") from None
    if len(text) != length or not reader.eof:
        raise ValueError("compressed data: length")
    return text
