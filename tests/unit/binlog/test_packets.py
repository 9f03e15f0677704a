"""Table maps that say again what the last one said are left out, and nothing else is."""

import socket
import zlib
from struct import pack

import pytest

from shared.adapters.binlog.packets import Packets
from shared.values.errors import SourceError, SourceUnavailable

from .replay import Recording

TABLE_MAP, WRITE_ROWS, QUERY, XID = 19, 30, 2, 16
ONE, OTHER = b"\x01\0\0\0\0\0\x01\0one", b"\x02\0\0\0\0\0\x01\0other"


def packet(number: int, kind: int, body: bytes) -> bytes:
    event = pack("<IBIIIH", 1, kind, 1, 23 + len(body), number, 0) + body
    whole = b"\0" + event + pack("<I", zlib.crc32(event))
    return pack("<I", len(whole) | (number & 0xFF) << 24) + whole


def sent(*events: tuple[int, bytes], damage: int | None = None) -> list[tuple[int, bytes]]:
    """What is made of these events behind the format description of a real server; a byte of event
    number `damage` is flipped.
    """
    description = next(each for each in packets_of(Recording("mysql")) if each[9] == 15)
    packets = [packet(n, *event) for n, event in enumerate(events, 2)]
    if damage is not None:
        damaged = bytearray(packets[damage])
        damaged[-6] ^= 1
        packets[damage] = bytes(damaged)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(description[:3] + b"\x01" + description[4:] + b"".join(packets))
        theirs.close()
        found = []
        try:
            for event in Packets(ours, lambda text: SourceError(repr(text)), "here").events():
                if event and event[0] != 15:
                    found.append((event[0], event[6][event[7] : event[8]]))
        except SourceUnavailable as error:
            if "closed the connection" not in str(error):
                raise
        return found


def packets_of(recording: Recording) -> list[bytes]:
    found, at = [], 0
    while at < len(recording.packets):
        end = at + 4 + int.from_bytes(recording.packets[at : at + 3], "little")
        found.append(recording.packets[at:end])
        at = end
    return found


def test_a_table_map_is_not_repeated_while_only_rows_come_between() -> None:
    row = (WRITE_ROWS, b"row")
    assert sent(
        (TABLE_MAP, ONE), row, (TABLE_MAP, ONE), row, (TABLE_MAP, ONE), (TABLE_MAP, OTHER), row
    ) == [
        (TABLE_MAP, ONE),
        row,
        row,
        (TABLE_MAP, OTHER),
        row,
    ]
    assert sent((TABLE_MAP, ONE), row, (TABLE_MAP, OTHER), row, (TABLE_MAP, ONE), row)[-2:] == [
        (TABLE_MAP, ONE),
        row,
    ]


@pytest.mark.parametrize("kind", [XID, QUERY, 39, 166])
def test_a_table_map_comes_again_behind_any_other_event(kind: int) -> None:
    """A transaction forgets its table maps at its end; rows in other forms do not count as rows
    here.
    """
    events = [
        (TABLE_MAP, ONE),
        (WRITE_ROWS, b"row"),
        (kind, bytes(8)),
        (TABLE_MAP, ONE),
        (WRITE_ROWS, b"row"),
    ]
    assert sent(*events) == events


def test_one_that_is_left_out_is_checked_all_the_same() -> None:
    with pytest.raises(SourceUnavailable, match="checksum"):
        sent(
            (TABLE_MAP, ONE), (WRITE_ROWS, b"row"), (TABLE_MAP, ONE), (WRITE_ROWS, b"row"), damage=2
        )
