"""Positions in events have 32 bits; a transaction, and so a binlog file, may be larger."""

from struct import pack

from shared.adapters.binlog import xa
from shared.adapters.binlog.capture import Capture
from shared.adapters.binlog.gtid import MariadbGtids
from shared.adapters.binlog.packets import Event
from shared.adapters.binlog.place import Place
from shared.adapters.binlog.plan import Plans
from shared.adapters.binlog.transactions import MARIADB_GTID, XID, Transactions
from shared.values.position import Position

from .replay import Recording

ANNOTATE = 160


def test_the_place_behind_a_transaction_of_six_gigabytes() -> None:
    events: list[Event] = []
    offset = 1000

    def add(kind: int, size: int, body: bytes) -> None:
        nonlocal offset
        offset += size
        events.append((kind, 1, 1, size, offset % (1 << 32), 0, body, 0, len(body)))

    add(MARIADB_GTID, 42, pack("<QIB", 7, 0, 0) + bytes(6))
    for _ in range(6):
        add(ANNOTATE, 1 << 30, b"")
    add(XID, 31, bytes(8))

    recording = Recording("mariadb")
    capture = Capture(["shop.*"])
    plans = Plans(capture, recording, lambda database, table: frozenset(), mariadb=True)
    place = Place(Position("bin.000001", 1000), MariadbGtids())
    transactions = Transactions(place, plans, capture, "here", xa.Prepared(lambda place: iter(()), lambda name, before: before))
    list(transactions.read(events))
    assert transactions.resume() == Position("bin.000001", offset, "0-1-7")
    assert offset > 1 << 32
