"""One suite for every Binlog (long: one contract): the twin, a real MariaDB and a real MySQL."""

import itertools
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from shared.adapters.binlog import open_binlog
from shared.adapters.binlog.contract import (
    Begin,
    Binlog,
    Commit,
    Due,
    Event,
    Heartbeat,
    Rows,
    Truncated,
)
from shared.values.change import Row
from shared.values.errors import PositionLost, SourceUnavailable
from shared.values.position import Position
from shared.values.source_endpoint import parse
from shared.values.table import Column, Table
from tests.waiting import wait_for
from tests.worlds.twins.binlog import MemoryBinlog
from tests.worlds.twins.binlog_server import MemoryServer, ServerStep

_ids = itertools.count(4_000_000_100)


class BinlogBench:
    """A server under test, what is committed to it, and readers of it. Tables are (id INT PRIMARY
    KEY, v VARCHAR(50)).
    """

    kind = "memory"

    def __init__(self) -> None:
        self.server = MemoryServer()
        self.name = "shop"
        self._tables: dict[str, Table] = {}

    def open(self, *patterns: str) -> Binlog:
        return MemoryBinlog(self.server, [f"{self.name}.{pattern}" for pattern in patterns])

    def create(self, *tables: str) -> None:
        columns = (Column("id", "int", nullable=False), Column("v", "varchar"))
        self._tables.update({table: Table(self.name, table, columns, ("id",)) for table in tables})

    def commit(self, *steps: tuple[str, str, Any]) -> None:
        """Steps are (table, operation, rows): rows are (id, v) for c and d, pairs of them for u."""
        self.server.commit(*(self._step(*step) for step in steps))

    def _step(self, table: str, op: str, rows: Any) -> ServerStep:
        def row(values: tuple[int, str]) -> Row:
            return {"id": values[0], "v": values[1]}

        if op == "u":
            return self.server.update(
                self._tables[table], *((row(old), row(new)) for old, new in rows)
            )
        return getattr(self.server, {"c": "insert", "d": "delete"}[op])(
            self._tables[table], *map(row, rows)
        )

    def truncate(self, table: str) -> None:
        self.server.commit(self.server.truncate(self._tables[table]))

    def create_partitioned(self, table: str) -> None:
        """Partition `p N` holds the ids below 10 N, for N 1, 2 and 3."""
        self.create(table)

    def drop_partitions(self, table: str, *names: str) -> None:
        self.server.commit(self.server.drop_partition(self._tables[table], *names))

    def alter(self, table: str, action: str, *, why: str = "") -> None:
        self.server.commit(
            self.server.alter(self._tables[table], f"ALTER TABLE {table} {action}", why=why)
        )

    def rotate(self) -> None:
        self.server.rotate()

    def restart(self) -> None:
        self.server.restart()

    def purge(self) -> None:
        """All files but the current one."""
        self.server.purge()

    def close(self) -> None:
        pass


class RealBinlogBench(BinlogBench):
    def __init__(self, server: Any) -> None:
        self.kind = server.kind
        self.server = server
        self.name = f"t_{uuid.uuid4().hex[:12]}"
        self.connection = server.connect()
        self.sql(f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4")
        self.sql(f"USE {self.name}")

    def sql(self, text: str, *bound: Any) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(text, bound or None)

    def open(self, *patterns: str) -> Binlog:
        return open_binlog(
            parse(self.server.url), [f"{self.name}.{pattern}" for pattern in patterns], next(_ids)
        )

    def create(self, *tables: str) -> None:
        for table in tables:
            self.sql(f"CREATE TABLE {table} (id INT PRIMARY KEY, v VARCHAR(50))")

    def commit(self, *steps: tuple[str, str, Any]) -> None:
        self.sql("BEGIN")
        for table, op, rows in steps:
            if op == "c":
                self.sql(
                    f"INSERT INTO {table} VALUES " + ", ".join(f"({id_}, '{v}')" for id_, v in rows)
                )
            elif op == "d":
                self.sql(
                    f"DELETE FROM {table} WHERE id IN ({', '.join(str(id_) for id_, _ in rows)})"
                )
            else:
                cases = " ".join(f"WHEN {old[0]} THEN '{new[1]}'" for old, new in rows)
                self.sql(
                    f"UPDATE {table} SET v = CASE id {cases} END WHERE id IN "
                    f"({', '.join(str(old[0]) for old, _ in rows)})"
                )
        self.sql("COMMIT")

    def truncate(self, table: str) -> None:
        self.sql(f"TRUNCATE TABLE {table}")

    def create_partitioned(self, table: str) -> None:
        parts = ", ".join(f"PARTITION `p {n}` VALUES LESS THAN ({n}0)" for n in (1, 2, 3))
        self.sql(
            f"CREATE TABLE {table} (id INT PRIMARY KEY, v VARCHAR(50)) PARTITION BY RANGE (id) "
            f"({parts})"
        )

    def drop_partitions(self, table: str, *names: str) -> None:
        self.sql(f"ALTER TABLE {table} DROP PARTITION " + ", ".join(f"`{name}`" for name in names))

    def alter(self, table: str, action: str, *, why: str = "") -> None:
        self.sql(f"ALTER TABLE {table} {action}")

    def rotate(self) -> None:
        self.sql("FLUSH BINARY LOGS")

    def restart(self) -> None:
        self.connection.close()
        self.server.stop()
        self.server.start()
        self.connection = self.server.connect(self.name)

    def purge(self) -> None:
        """A file that a closed connection still reads is kept until the server notices that."""
        newest = self.open("a").latest().file

        def purged() -> bool:
            self.sql("PURGE BINARY LOGS TO %s", newest)
            return bool(self.open("a").earliest().file == newest)

        wait_for(purged, 30)

    def close(self) -> None:
        self.sql(f"DROP DATABASE {self.name}")
        self.connection.close()


@pytest.fixture(params=["memory", "mariadb", "mysql"])
def bench(request: pytest.FixtureRequest) -> Iterator[BinlogBench]:
    made = (
        BinlogBench()
        if request.param == "memory"
        else RealBinlogBench(request.getfixturevalue(f"quiet_{request.param}"))
    )
    yield made
    made.close()


def until_now(binlog: Binlog, start: Position) -> list[Event]:
    """Everything but heartbeats."""
    return [
        event
        for event in binlog.read(start, until=binlog.latest())
        if not isinstance(event, Heartbeat)
    ]


def plain(rows: list[tuple[Row | None, Row | None]]) -> Any:
    return msgspec.json.decode(msgspec.json.encode(rows))


def shapes(events: list[Event]) -> list[Any]:
    """Events without what differs from server to server."""
    found: list[Any] = []
    for event in events:
        if isinstance(event, Rows):
            found.append(
                (
                    event.table.name,
                    event.op,
                    event.event,
                    [[b and b["v"], a and a["v"]] for b, a in plain(event.rows)],
                )
            )
        else:
            found.append(type(event).__name__)
    return found


def test_a_transaction_is_its_begin_its_rows_in_order_and_its_commit(bench: BinlogBench) -> None:
    bench.create("a", "b")
    binlog = bench.open("*")
    start = binlog.latest()
    bench.commit(
        ("a", "c", [(1, "x"), (2, "y")]),
        ("b", "c", [(1, "z")]),
        ("a", "u", [((1, "x"), (1, "X"))]),
        ("a", "d", [(2, "y")]),
    )
    events = until_now(binlog, start)
    assert shapes(events) == [
        "Begin",
        ("a", "c", 0, [[None, "x"], [None, "y"]]),
        ("b", "c", 1, [[None, "z"]]),
        ("a", "u", 2, [["x", "X"]]),
        ("a", "d", 3, [["y", None]]),
        "Commit",
    ]
    begin, commit = events[0], events[-1]
    assert isinstance(begin, Begin)
    assert isinstance(commit, Commit)
    assert begin.id == f"{begin.gtid}@{begin.ts_ms}"
    assert commit.ts_ms == begin.ts_ms
    assert abs(begin.ts_ms / 1000 - time.time()) < 60
    rows = events[1]
    assert isinstance(rows, Rows)
    assert rows.table.key == ("id",)
    assert [(column.name, column.kind) for column in rows.table.columns] == [
        ("id", "int"),
        ("v", "varchar"),
    ]


def test_events_are_numbered_whatever_is_captured(bench: BinlogBench) -> None:
    bench.create("a", "b")
    start = bench.open("*").latest()
    bench.commit(("b", "c", [(1, "x")]), ("a", "c", [(1, "y")]))
    assert shapes(until_now(bench.open("a"), start)) == [
        "Begin",
        ("a", "c", 1, [[None, "y"]]),
        "Commit",
    ]


def test_reading_again_yields_the_same(bench: BinlogBench) -> None:
    bench.create("a")
    binlog = bench.open("a")
    start = binlog.latest()
    for n in range(5):
        bench.commit(("a", "c", [(n, "v")]))
    first = until_now(binlog, start)
    assert [plain_event(event) for event in until_now(binlog, start)] == [
        plain_event(event) for event in first
    ]
    ids = [event.id for event in first if isinstance(event, Begin)]
    assert len(set(ids)) == 5


def plain_event(event: Event) -> Any:
    return (event.event, plain(event.rows)) if isinstance(event, Rows) else event


@pytest.mark.parametrize("by", ["file", "gtids", "both"])
def test_any_position_of_the_stream_is_a_start(bench: BinlogBench, by: str) -> None:
    def cut(position: Position) -> Position:
        if by == "file":
            return Position(file=position.file, offset=position.offset)
        return Position(gtids=position.gtids) if by == "gtids" else position

    bench.create("a", "other")
    bench.commit(("other", "c", [(100, "so that there is a GTID before")]))
    binlog = bench.open("a")
    start = binlog.latest()
    for n in range(4):
        bench.commit(("a", "c", [(n, "v")]))
        bench.commit(("other", "c", [(n, "v")]))
        if n == 1:
            bench.rotate()
    events = until_now(binlog, start)
    begins = [event for event in events if isinstance(event, Begin)]
    commits = [event for event in events if isinstance(event, Commit)]
    for n in range(4):
        assert [
            e.id for e in until_now(binlog, cut(begins[n].position)) if isinstance(e, Begin)
        ] == [b.id for b in begins[n:]]
        assert [
            e.id for e in until_now(binlog, cut(commits[n].position)) if isinstance(e, Begin)
        ] == [b.id for b in begins[n + 1 :]]


def test_until_ends_the_reading_at_once_when_there_is_nothing_to_read(bench: BinlogBench) -> None:
    binlog = bench.open("*")
    here = binlog.latest()
    started = time.monotonic()
    assert [
        event for event in binlog.read(here, until=here) if not isinstance(event, Heartbeat)
    ] == []
    assert time.monotonic() - started < 30


def test_until_is_reached_behind_transactions_that_are_not_captured(bench: BinlogBench) -> None:
    bench.create("a", "other")
    binlog = bench.open("a")
    start = binlog.latest()
    bench.commit(("other", "c", [(1, "v")]))
    bench.rotate()
    assert until_now(binlog, start) == []


def test_an_idle_server_is_heard_every_second(bench: BinlogBench) -> None:
    binlog = bench.open("*")
    began = time.monotonic()
    beats = list(
        itertools.islice(
            (event for event in binlog.read(binlog.latest()) if isinstance(event, Heartbeat)), 4
        )
    )
    assert time.monotonic() - began < 30
    assert abs(beats[-1].ts_ms / 1000 - time.time()) < 15
    binlog.close()


def test_a_server_busy_with_other_tables_is_heard_every_second(bench: BinlogBench) -> None:
    bench.create("a", "other")
    binlog = bench.open("a")
    events = iter(binlog.read(binlog.latest()))
    stop = threading.Event()

    def busy() -> None:
        for n in itertools.count():
            if stop.is_set():
                return
            bench.commit(("other", "c", [(n, "v")]))

    worker = threading.Thread(target=busy)
    worker.start()
    try:
        seen: list[tuple[float, Heartbeat]] = []
        gaps: list[float] = []
        # A busy machine may delay some of them.
        while len(gaps) < 2 or min(gaps) >= 1.0:
            event = next(events)
            assert isinstance(event, Heartbeat)
            seen.append((time.monotonic(), event))
            gaps = [b - a for (a, _), (b, _) in itertools.pairwise(seen)]
    finally:
        stop.set()
        worker.join()
        binlog.close()
    assert seen[0][1].position != seen[-1][1].position


def test_a_change_is_followed_by_a_heartbeat_when_the_server_has_nothing_more(
    bench: BinlogBench,
) -> None:
    bench.create("a")
    binlog = bench.open("a")
    start = binlog.latest()
    bench.commit(("a", "c", [(1, "v")]))
    arrived = itertools.dropwhile(lambda event: isinstance(event, Heartbeat), binlog.read(start))
    events = list(itertools.islice(arrived, 4))
    assert [type(event).__name__ for event in events] == ["Begin", "Rows", "Commit", "Heartbeat"]
    binlog.close()


def test_truncate_and_alter_stand_where_they_happened(bench: BinlogBench) -> None:
    bench.create("a")
    binlog = bench.open("a")
    start = binlog.latest()
    bench.commit(("a", "c", [(1, "v")]))
    bench.truncate("a")
    bench.alter("a", "COMMENT = 'x'")
    bench.alter("a", "ADD COLUMN n INT NOT NULL DEFAULT 7", why="ADD COLUMN")
    events = until_now(binlog, start)
    assert [type(event).__name__ for event in events] == [
        *("Begin", "Rows", "Commit"),
        *("Begin", "Truncated", "Commit"),
        *("Begin", "SchemaChanged", "Commit"),
        *("Begin", "SchemaChanged", "Due", "Commit"),
    ]
    assert [(e.table, e.why) for e in events if isinstance(e, Due)] == [("a", "ADD COLUMN")]
    truncated = events[4]
    assert isinstance(truncated, Truncated)
    assert (truncated.database, truncated.table) == (bench.name, "a")


def test_dropped_partitions_are_named(bench: BinlogBench) -> None:
    bench.create_partitioned("a")
    binlog = bench.open("a")
    start = binlog.latest()
    bench.commit(("a", "c", [(1, "v"), (11, "v"), (21, "v")]))
    bench.drop_partitions("a", "p 1", "p 3")
    bench.truncate("a")
    truncated = [event for event in until_now(binlog, start) if isinstance(event, Truncated)]
    assert [(event.table, event.partitions) for event in truncated] == [
        ("a", ("p 1", "p 3")),
        ("a", ()),
    ]


def test_close_ends_a_reading_that_waits(bench: BinlogBench) -> None:
    binlog = bench.open("*")
    threading.Timer(0.3, binlog.close).start()
    began = time.monotonic()
    with pytest.raises(SourceUnavailable):
        for _ in binlog.read(binlog.latest()):
            pass
    assert time.monotonic() - began < 30


def test_a_position_that_was_never_there_is_lost(bench: BinlogBench) -> None:
    here = bench.open("*").latest()
    prefix = here.file.rpartition(".")[0]
    binlog = bench.open("*")
    with pytest.raises(PositionLost) as caught:
        list(binlog.read(Position(file=f"{prefix}.000000", offset=4), until=here))
    assert caught.value.hint


def test_the_oldest_place_is_before_the_newest(bench: BinlogBench) -> None:
    bench.create("a")
    bench.commit(("a", "c", [(1, "v")]))
    binlog = bench.open("a")
    assert binlog.identity() == bench.open("a").identity()
    events = until_now(binlog, binlog.earliest())
    assert any(isinstance(event, Rows) for event in events)


def test_a_binlog_that_still_is_what_was_read_is_told_from_one_that_is_not(
    bench: BinlogBench,
) -> None:
    bench.create("a")
    binlog = bench.open("a")
    start = binlog.latest()
    bench.commit(("a", "c", [(1, "x")]))
    read = until_now(binlog, start)[-1]
    assert isinstance(read, Commit)
    assert read.position.created
    assert binlog.intact(read.position) == read.position
    shorter = binlog.intact(msgspec.structs.replace(read.position, offset=1 << 40))
    assert shorter is not None
    assert (shorter.file, shorter.created) == (read.position.file, read.position.created)
    assert shorter.offset >= read.position.offset
    assert binlog.executed(shorter).covers(read.position.gtids)
    assert (
        binlog.intact(msgspec.structs.replace(read.position, created=read.position.created - 10))
        is None
    )
    file, _, number = read.position.file.rpartition(".")
    assert (
        binlog.intact(
            msgspec.structs.replace(read.position, file=f"{file}.{int(number) + 1000:06}")
        )
        is None
    )


def test_a_server_has_what_it_committed(bench: BinlogBench) -> None:
    bench.create("a")
    binlog = bench.open("a")
    start = binlog.latest()
    bench.commit(("a", "c", [(1, "x")]))
    begin, *_, commit = until_now(binlog, start)
    assert isinstance(begin, Begin)
    assert isinstance(commit, Commit)
    executed = binlog.executed()
    assert executed.has(begin.gtid)
    assert executed.covers(commit.position.gtids)
    assert executed.missing(commit.position.gtids) == ""
    before = binlog.executed(begin.position)
    assert not before.has(begin.gtid)
    assert before.missing(commit.position.gtids)
    assert binlog.started() == binlog.started()


def test_where_a_server_wrote_on_when_it_was_started_again(bench: BinlogBench) -> None:
    bench.create("a")
    starts = [bench.open("a").last_start()]
    here = bench.open("a").latest()
    for number in range(4):
        bench.commit(("a", "c", [(number, "x")]))
        bench.rotate()
        if number in (1, 2):
            bench.restart()
            starts.append(bench.open("a").last_start())
    binlog = bench.open("a")
    assert len(set(starts)) == 3
    assert binlog.last_start() == starts[2]
    assert binlog.next_start(here) == starts[1]
    assert binlog.next_start(starts[1]) == starts[2]
    assert binlog.next_start(starts[2]) is None
    assert binlog.next_start(binlog.latest()) is None
    events = list(binlog.read(here, until=starts[1]))
    assert [
        row["id"] for event in events if isinstance(event, Rows) for _, row in event.rows if row
    ] == [0, 1]
    assert not any(
        isinstance(event, (Begin, Commit, Heartbeat)) and event.position.reaches(starts[1])
        for event in events
    )
    bench.purge()
    assert binlog.last_start() == Position()
    assert binlog.next_start(here) is None


def test_a_reader_goes_on_at_a_server_that_was_started_again_only_when_told_to(
    bench: BinlogBench,
) -> None:
    bench.create("a")
    binlog = bench.open("a")
    started, here = binlog.started(), binlog.latest()
    seen: tuple[list[int], list[int]] = ([], [])
    events = binlog.read(here), bench.open("a").read(here, through_restarts=True)
    bench.commit(("a", "c", [(1, "x")]))
    for reader in (0, 1):
        until_row(events[reader], 1, seen[reader])
    if bench.kind != "memory":
        time.sleep(max(0.0, started + 2.5 - time.time()))  # no two starts in one second
    bench.restart()
    assert bench.open("a").started() > started
    bench.commit(("a", "c", [(2, "x")]), ("a", "c", [(3, "x")]))
    with pytest.raises(SourceUnavailable):
        until_row(events[0], 3, seen[0])
    until_row(events[1], 3, seen[1])
    assert seen == ([1], [1, 2, 3])


def until_row(events: Iterator[Event], last: int, seen: list[int]) -> None:
    for event in events:
        if isinstance(event, Rows):
            seen += [row["id"] for _, row in event.rows if row]
        if seen[-1:] == [last]:
            return
