"""Positions that are typed by a person: each that cannot be a start is named, with the way out."""

from typing import Any

import pytest

from shared.flows.tail import tail
from shared.values.errors import PositionLost, SourceError
from shared.values.position import Position

from .conftest import Source, plain


@pytest.fixture(params=["as it is", "compressed"])
def transactions(request: pytest.FixtureRequest, source: Source) -> Source:
    """A table with two transactions behind the place `start`."""
    source.sql("CREATE TABLE a (id INT PRIMARY KEY)")
    if request.param == "compressed" and source.kind == "mysql":
        source.sql("SET binlog_transaction_compression = ON")
    return source


def test_a_start_inside_a_transaction_is_an_error_at_each_event(transactions: Source) -> None:
    source = transactions
    start = source.here()
    source.sql("BEGIN")
    source.sql("INSERT INTO a VALUES (1), (2)")
    source.sql("UPDATE a SET id = 7 WHERE id = 1")
    source.sql("COMMIT")
    between = source.here()
    source.sql("INSERT INTO a VALUES (3)")
    end = source.here()
    events = source.sql(f"SHOW BINLOG EVENTS IN '{start.file}' FROM {start.offset}")
    inside = [
        int(row[1])
        for row in events
        if start.offset < int(row[1]) < end.offset and int(row[1]) != between.offset
    ]
    assert inside
    for offset in inside:
        with pytest.raises(SourceError) as caught:
            source.since(Position(start.file, offset))
        assert str(caught.value).startswith(f"position {start.file}:{offset}: lies inside")
        assert "SHOW BINLOG EVENTS" in caught.value.hint
    rows = [plain(after) for _, _, after in source.changes(Position(start.file, start.offset))]
    assert rows == [{"id": 1}, {"id": 2}, {"id": 7}, {"id": 3}]
    rows = [plain(after) for _, _, after in source.changes(Position(start.file, between.offset))]
    assert rows == [{"id": 3}]


@pytest.mark.parametrize("which", ["to come", "of another server"])
def test_a_gtid_that_the_server_does_not_have_is_lost(source: Source, which: str) -> None:
    source.sql("CREATE TABLE a (id INT PRIMARY KEY)")
    here = source.here()
    if source.kind == "mariadb":
        gtids = "0-1-99999999" if which == "to come" else "0-77-1"
    else:
        own = here.gtids.partition(":")[0]
        gtids = f"{own}:1-99999999" if which == "to come" else f"{own[:-4]}{'0000'}:1-3"
    written: list[Any] = []
    with pytest.raises(PositionLost) as caught:
        tail(source.open(), "shop", Position.parse(gtids), here, written.append)
    assert gtids in str(caught.value)
    assert "--from earliest" in caught.value.hint
    assert written == []
