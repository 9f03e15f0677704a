"""Positions in events have 32 bits; a transaction, and so a binlog file, may be larger."""

from struct import pack

from shared.adapters.binlog import kinds, prepared_rows, xa
from shared.adapters.binlog.binlog_place import BinlogPlace
from shared.adapters.binlog.gtid import MariadbGtids
from shared.adapters.binlog.kinds import MARIADB_GTID, XID
from shared.adapters.binlog.packets import RawEvent
from shared.values.position import Position
from shared.values.table_pattern import TablePatterns

from .replay import Recording, transactions_of

ANNOTATE = 160


def test_the_place_behind_a_transaction_of_six_gigabytes() -> None:
    events: list[RawEvent] = []
    offset = 1000

    def add(kind: int, size: int, body: bytes) -> None:
        nonlocal offset
        offset += size
        events.append((kind, 1, 1, size, offset % (1 << 32), 0, body, 0, len(body)))

    add(MARIADB_GTID, 42, pack("<QIB", 7, 0, 0) + bytes(6))
    for _ in range(6):
        add(ANNOTATE, 1 << 30, b"")
    add(XID, 31, bytes(8))

    place = BinlogPlace(Position("bin.000001", 1000), MariadbGtids())
    transactions = transactions_of(Recording("mariadb"), TablePatterns(["shop.*"]), place, "here")
    list(transactions.read(events))
    assert transactions.resume() == Position("bin.000001", offset, "0-1-7")
    assert offset > 1 << 32


def test_an_xa_transaction_that_was_prepared_behind_six_gigabytes_is_found_and_read() -> None:
    events: list[RawEvent | None] = [
        (kinds.ROTATE, 0, 1, 40, 0, 0x20, (body := pack("<Q", 4) + b"bin.000001"), 0, len(body)),
        None,
    ]
    name = xa.Xid(b"one", b"", 1)
    offset = 4

    def add(kind: int, size: int, body: bytes = b"") -> int:
        """Where it begins."""
        nonlocal offset
        offset += size
        events.append((kind, 1, 1, size, offset % (1 << 32), 0, body, 0, len(body)))
        return offset - size

    def prepare(rows: bytes) -> int:
        begin = add(MARIADB_GTID, 42)
        add(kinds.TABLE_MAP, 50, rows)
        add(kinds.XA_PREPARE, 60, pack("<Biii", 0, 1, 3, 0) + b"one")
        return begin

    early = prepare(b"early")
    add(MARIADB_GTID, 42)
    for _ in range(6):
        add(ANNOTATE, 1 << 30)
    add(XID, 31)
    begin = prepare(b"wanted")
    events.append((27, 0, 1, 40, offset % (1 << 32), 0, b"bin.000001", 0, 10))
    commit = add(MARIADB_GTID, 42)
    late = prepare(b"late")
    assert begin > 1 << 32

    def found(before: int) -> xa.XaPlace | None:
        return prepared_rows.find(events, name, ("bin.000001", before))[1]

    assert [found(early), found(begin), found(commit), found(late)] == [
        None,
        *[("bin.000001", place) for place in (early, begin, begin)],
    ]
    assert [
        [event[6] for event in prepared_rows.rows(prepared_rows.from_offset(events, place))]
        for place in (early, begin, late)
    ] == [
        [b"early"],
        [b"wanted"],
        [b"late"],
    ]
