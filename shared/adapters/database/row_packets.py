"""Row packets: the rows of an answer that PyMySQL has not fetched, several from one buffer.

PyMySQL makes objects and calls for each packet and each column. Here rows that lie completely in
the socket's buffer are taken from it in one loop. Everything else is left to PyMySQL: a row that is
longer than the buffer, the end of the answer, an error, a lost connection.

Source of the layout: MySQL internals manual, "MySQL Packets", "Text Resultset Row".
"""

from typing import Any

from pymysql.connections import Connection

Fetched = tuple[Any, ...]

_LEAST_SPECIAL = 0xFB
"""First bytes of a packet from here on may be no row: a null, a long value, the end, an error."""
_NULL, _TWO_BYTES = 0xFB, 0xFC


def fetch_rows(connection: "Connection[Any]", most_bytes: int) -> tuple[list[Fetched], bool]:
    """The first rows of the unbuffered answer, and whether these are all of them.

    most_bytes: after the first row, no row follows once the rows have this many bytes.
    The values are text, or bytes of binary columns, as the session's connection delivers them.
    """
    wire: Any = connection
    result = wire._result
    texts = [encoding is not None for encoding, _ in result.converters]
    rows: list[Fetched] = []
    room = most_bytes
    while room > 0:
        room -= _of_buffer(wire, texts, rows)
        if room <= 0:
            break
        row = result._read_rowdata_packet_unbuffered()
        if row is None:
            return rows, True
        rows.append(row)
        room -= sum(len(value) for value in row if value is not None)
    return rows, False


def _of_buffer(wire: Any, texts: list[bool], rows: list[Fetched]) -> int:
    """Take the complete rows of the buffer; returns how many bytes they have."""
    try:
        buffer: bytes = wire._rfile.peek()
    except OSError:
        return 0  # PyMySQL meets it again, and names it
    number, taken, size = wire._next_seq_id, 0, len(buffer)
    while taken + 4 < size:
        at = taken + 4
        end = at + (buffer[taken] | buffer[taken + 1] << 8 | buffer[taken + 2] << 16)
        if end > size or buffer[taken + 3] != number or buffer[at] >= _LEAST_SPECIAL:
            break
        row = _row(buffer, at, end, texts)
        if row is None:
            break
        rows.append(row)
        number, taken = (number + 1) & 0xFF, end
    if taken:
        wire._rfile.read(taken)
        wire._next_seq_id = number
    return taken


def _row(buffer: bytes, at: int, end: int, texts: list[bool]) -> Fetched | None:
    """The row of one packet; None where PyMySQL is to read it."""
    row: list[Any] = []
    append = row.append
    for text in texts:
        size = buffer[at]
        start = at + 1
        if size >= _NULL:
            if size == _NULL:
                append(None)
                at = start
                continue
            if size != _TWO_BYTES:
                return None
            size, start = buffer[at + 1] | buffer[at + 2] << 8, at + 3
        at = start + size
        append(buffer[start:at].decode() if text else buffer[start:at])
    return tuple(row) if at == end else None
