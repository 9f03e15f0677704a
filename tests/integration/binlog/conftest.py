import itertools
import uuid
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from shared.adapters.binlog import open_binlog
from shared.adapters.binlog.contract import Event, Heartbeat, Rows
from shared.adapters.binlog.server import ServerBinlog
from shared.values.position import Position
from shared.values.source_endpoint import parse

_ids = itertools.count(4_000_100_000)


class Source:
    """A database of this test's own on a real server, and readers of it."""

    def __init__(self, server: Any) -> None:
        self.server, self.kind = server, server.kind
        self.name = f"t_{uuid.uuid4().hex[:12]}"
        self.connection = server.connect()
        self.sql(f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4")
        self.sql(f"USE {self.name}")

    def sql(self, text: str, *bound: Any) -> list[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(text, bound or None)
            return list(cursor.fetchall())

    def open(self, *patterns: str, port: int = 0) -> ServerBinlog:
        endpoint = parse(self.server.url)
        if port:
            endpoint = msgspec.structs.replace(endpoint, port=port)
        return open_binlog(
            endpoint, [f"{self.name}.{pattern}" for pattern in patterns or ("*",)], next(_ids)
        )

    def here(self) -> Position:
        return self.open().latest()

    def since(self, start: Position, *patterns: str) -> list[Event]:
        binlog = self.open(*patterns)
        return [
            event
            for event in binlog.read(start, until=binlog.latest())
            if not isinstance(event, Heartbeat)
        ]

    def changes(self, start: Position, *patterns: str) -> list[tuple[str, Any, Any]]:
        """(operation, before, after) of all rows, as a reader of their JSON sees them."""
        found = []
        for event in self.since(start, *patterns):
            if isinstance(event, Rows):
                found += [(event.op, *plain(pair)) for pair in event.rows]
        return found

    def close(self) -> None:
        self.connection.close()
        with self.server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("XA RECOVER")
            for format_, length, _, name in cursor.fetchall():
                data = name.encode() if isinstance(name, str) else name
                # a test that failed left it; it would hold its table for ever
                if data.startswith(self.name.encode()):
                    cursor.execute(
                        f"XA ROLLBACK x'{data[:length].hex()}', x'{data[length:].hex()}', {format_}"
                    )
            cursor.execute(f"DROP DATABASE {self.name}")


def plain(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


@pytest.fixture(params=["mariadb", "mysql"])
def source(request: pytest.FixtureRequest) -> Iterator[Source]:
    made = Source(request.getfixturevalue(f"quiet_{request.param}"))
    yield made
    made.close()


@pytest.fixture
def mysql_source(mysql: Any) -> Iterator[Source]:
    made = Source(mysql)
    yield made
    made.close()


@pytest.fixture
def mariadb_source(mariadb: Any) -> Iterator[Source]:
    made = Source(mariadb)
    yield made
    made.close()
