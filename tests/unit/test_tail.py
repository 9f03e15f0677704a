from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from shared.adapters.binlog.contract import Event, Rows
from shared.flows.tail import absent_tables, tail
from shared.values.errors import SourceError
from shared.values.position import Position
from shared.values.table import Column, Table
from tests.worlds.twins.binlog import MemoryBinlog
from tests.worlds.twins.binlog_server import MemoryServer
from tests.worlds.twins.database import MemoryDatabase

COLUMNS = (Column("id", "int", nullable=False), Column("v", "varchar"))


def lines(server: MemoryServer, start: Position, *patterns: str) -> list[dict[str, Any]]:
    written: list[bytes] = []
    tail(MemoryBinlog(server, patterns or ("*.*",)), "shop", start, server.end, written.append)
    return [msgspec.json.decode(line) for line in b"".join(written).splitlines()]


def test_a_line_is_the_change_with_its_source_database_and_table() -> None:
    server = MemoryServer(clock=lambda: 1_700_000_000)
    table = Table("shop", "listings", COLUMNS, ("id",))
    start = server.end
    server.commit(
        server.insert(table, {"id": 1, "v": "a"}),
        server.update(table, ({"id": 1, "v": "a"}, {"id": 1, "v": 'b"\n'})),
    )
    first, second = lines(server, start)
    assert first == {
        **{"source": "shop", "database": "shop", "table": "listings"},
        **{
            "id": "0-1-1@1700000000000/0.0",
            "seq": 1,
            "op": "c",
            "ts_ms": 1_700_000_000_000,
            "key": {"id": 1},
        },
        **{
            "before": None,
            "after": {"id": 1, "v": "a"},
            "tx": {"id": "0-1-1", "index": 0, "last": False},
        },
    }
    assert (second["seq"], second["after"], second["tx"]["last"]) == (
        2,
        {"id": 1, "v": 'b"\n'},
        True,
    )


def test_a_table_without_a_key_has_changes_all_the_same() -> None:
    server = MemoryServer()
    table = Table("shop", "log", COLUMNS)
    start = server.end
    server.commit(
        server.insert(table, {"id": 1, "v": "a"}),
        server.update(table, ({"id": 1, "v": "a"}, {"id": 2, "v": "b"})),
        server.delete(table, {"id": 2, "v": "b"}),
    )
    assert [(line["op"], line["key"]) for line in lines(server, start)] == [
        ("c", {}),
        ("u", {}),
        ("d", {}),
    ]


def test_a_change_of_the_key_is_two_lines_and_truncate_is_one() -> None:
    server = MemoryServer()
    table = Table("shop", "listings", COLUMNS, ("id",))
    start = server.end
    server.commit(server.update(table, ({"id": 1, "v": "a"}, {"id": 2, "v": "a"})))
    server.commit(server.truncate(table))
    assert [(line["op"], line["key"]) for line in lines(server, start)] == [
        ("d", {"id": 1}),
        ("c", {"id": 2}),
        ("t", {}),
    ]


def test_a_name_or_pattern_that_chooses_no_table_is_named() -> None:
    database = MemoryDatabase()
    database.create(Table("shop", "listings", COLUMNS, ("id",)))
    patterns = ["shop.listings", "shop.*", "shop.lisings", "store.*"]
    assert absent_tables(database, patterns) == ["shop.lisings", "store.*"]


def test_lines_that_were_read_come_before_an_error() -> None:
    server = MemoryServer()
    table = Table("shop", "listings", COLUMNS, ("id",))
    start = server.end
    server.commit(server.insert(table, {"id": 1, "v": "a"}))
    server.commit(
        server.insert(table, {"id": 2, "v": "a"}, {"id": 3, "v": "a"}),
        server.insert(table, {"id": 4, "v": "a"}),
    )

    class Breaking(MemoryBinlog):
        """Cannot read the last row event."""

        def read(self, *args: Any, **options: Any) -> Iterator[Event]:
            for event in super().read(*args, **options):
                if isinstance(event, Rows) and event.event == 1:
                    raise SourceError("cannot be read.")
                yield event

    written: list[bytes] = []
    with pytest.raises(SourceError):
        tail(Breaking(server, ["*.*"]), "shop", start, server.end, written.append)
    found = [msgspec.json.decode(line) for line in b"".join(written).splitlines()]
    assert [(line["key"]["id"], line["tx"]["last"]) for line in found] == [
        (1, True),
        (2, False),
        (3, False),
    ]
