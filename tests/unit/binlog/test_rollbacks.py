"""Which rows of a transaction count, and how far a reader looks ahead for that."""

from collections.abc import Iterator
from struct import pack

import pytest

from shared.adapters.binlog import kinds, look_ahead
from shared.adapters.binlog.binlog_place import BinlogPlace
from shared.adapters.binlog.gtid import MariadbGtids
from shared.adapters.binlog.look_ahead import LookAhead
from shared.adapters.binlog.open_transaction import OpenTransaction
from shared.adapters.binlog.packets import RawEvent
from shared.adapters.binlog.rollbacks import Rollbacks, of_group
from shared.values.position import Position

ROW = 23


def event(kind: int, body: bytes = b"", size: int = 40) -> RawEvent:
    return (kind, 1, 1, size, 0, 0, body, 0, len(body))


def query(sql: str, sql_mode: int = 0) -> RawEvent:
    status = b"\1" + pack("<Q", sql_mode)
    head = pack("<IIBHH", 1, 0, 0, 0, len(status)) + status
    return event(kinds.QUERY, head + b"\0" + sql.encode())


def mariadb_gtid(number: int, flags: int = 0) -> RawEvent:
    return event(kinds.MARIADB_GTID, pack("<QIB", number, 0, flags) + bytes(6))


def mysql_gtid(flags: int) -> RawEvent:
    return event(kinds.GTID, pack("<B16sq", flags, bytes(16), 1))


def group(*steps: str) -> list[RawEvent]:
    """`row`, or a statement."""
    return [event(ROW) if step == "row" else query(step) for step in steps]


XID = event(kinds.XID, bytes(8))


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        (["row", "row", "COMMIT"], [0, 1]),
        (["row", "row", "ROLLBACK"], []),
        (["row", "SAVEPOINT `s`", "row", "ROLLBACK TO `s`", "row", "COMMIT"], [0, 2]),
        (["SAVEPOINT `é`", "row", "ROLLBACK TO `E`", "row", "COMMIT"], [1]),
        (
            [
                *("row", "SAVEPOINT `s`", "row", "SAVEPOINT `t`", "row", "ROLLBACK TO `t`", "row"),
                *("ROLLBACK TO `s`", "row", "ROLLBACK TO `s`", "row", "COMMIT"),
            ],
            [0, 5],
        ),
        (["SAVEPOINT `s`", "row", "SAVEPOINT `s`", "row", "ROLLBACK TO `s`", "COMMIT"], [0]),
        (["row", "CREATE TEMPORARY TABLE x (id INT)", "row", "COMMIT"], [0, 1]),
        (["row", "INSERT INTO x VALUES ('ROLLBACK')", "COMMIT"], [0]),
    ],
)
def test_rows_that_count(steps: list[str], kept: list[int]) -> None:
    found = of_group([mariadb_gtid(1), *group(*steps)])
    assert found.complete
    count = steps.count("row")
    assert [number for number in range(count) if number not in found] == kept
    marked = found.marked(event(ROW) for _ in range(count))
    assert [n for n, each in enumerate(marked) if each[0] != kinds.UNDONE_ROWS] == kept


def test_a_savepoint_that_was_never_set_is_an_error() -> None:
    with pytest.raises(ValueError):
        of_group([mariadb_gtid(1), *group("row", "ROLLBACK TO `s`")])


def ahead(
    events: list[RawEvent | None], scanned: list[tuple[str, int]], answer: Rollbacks
) -> tuple[list[RawEvent | None], OpenTransaction]:
    transaction = OpenTransaction(BinlogPlace(Position("bin.000001", 1000), MariadbGtids()), "here")

    def scan(place: tuple[str, int]) -> Rollbacks:
        scanned.append(place)
        return answer

    return list(LookAhead(transaction, scan).over(events)), transaction


def test_a_transaction_is_held_back_until_its_end_is_known() -> None:
    events = [mariadb_gtid(1), *group("row"), None, *group("ROLLBACK")]
    found, transaction = ahead(events, [], Rollbacks())
    assert found == [each for each in events if each is not None]
    assert transaction.rollbacks is not None
    assert 0 in transaction.rollbacks


@pytest.mark.parametrize("first", [mysql_gtid(0), mariadb_gtid(1, flags=1)])
def test_what_cannot_be_rolled_back_is_not_held(first: RawEvent) -> None:
    def endless() -> Iterator[RawEvent]:
        yield first
        raise AssertionError("it was held")

    transaction = OpenTransaction(BinlogPlace(Position("bin.000001", 4), MariadbGtids()), "here")
    events = LookAhead(transaction, lambda place: Rollbacks()).over(endless())
    assert next(events) == first


def test_a_large_transaction_is_read_ahead_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_ahead, "MOST_BYTES", 100)
    events: list[RawEvent | None] = [mariadb_gtid(1), *group(*["row"] * 9, "ROLLBACK")]
    answer = of_group(events)
    scanned: list[tuple[str, int]] = []
    found, transaction = ahead(events, scanned, answer)
    assert found == events
    assert len(scanned) == 1
    assert transaction.rollbacks is answer


@pytest.mark.parametrize("most", [100, 1 << 20])
def test_a_transaction_without_an_end_is_left_out(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """A MariaDB that was killed leaves the beginning of one at the end of a file."""
    monkeypatch.setattr(look_ahead, "MOST_BYTES", most)
    broken = [mariadb_gtid(1), *group(*["row"] * 9)]
    rotate = event(kinds.ROTATE, pack("<Q", 4) + b"bin.000002")
    whole = [mariadb_gtid(1), *group("row"), XID]
    events: list[RawEvent | None] = [*broken, rotate, *whole]
    found, _ = ahead(events, [], of_group([*broken, rotate]))
    assert found == [rotate, *whole]
    again, _ = ahead([*broken, *whole], [], of_group([*broken, *whole]))
    assert again == whole


def test_names_of_savepoints_are_quoted_as_the_session_quotes() -> None:
    ansi = 4
    sql = ['SAVEPOINT "s"', 'SAVEPOINT "t"', 'ROLLBACK TO "s"']
    one, two, back = (query(each, ansi) for each in sql)
    row = event(ROW)
    found = of_group([mariadb_gtid(1), row, one, row, two, row, back, row, XID])
    assert [number for number in range(4) if number not in found] == [0, 3]
