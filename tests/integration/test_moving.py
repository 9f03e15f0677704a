"""Two relays of one real source (long: one stage), a table that moves to and fro under load, a
relay killed in the middle: what arrives adds up.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from shared.flows.relay.lease import lease_margins
from shared.flows.relay.reading.connecting import database, opener
from shared.flows.relay.relay_loop import relay
from shared.flows.relay.relay_setup import RelaySetup
from shared.values import source_endpoint
from shared.values.errors import StateUnavailable, TopicError
from shared.values.message import Message, decode
from shared.values.seq import split_seq
from shared.values.settings import SourceSettings, TableSettings
from tests.integration.test_relay import MoodyTopic, in_order, load, replayed, shop, table_now
from tests.tier import ONLY_SOAK
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.state import MemoryCoverages, MemoryDues, MemorySchemas, MemoryStreams

__all__ = ["shop"]

FIRST, SECOND = "shop", "shop/second"
DeployedTables = dict[str, list[str]]


class KillableParts:
    """State and topic as a process sees them that may be killed: from then on nothing it does
    reaches either.
    """

    def __init__(self, streams: MemoryStreams, topic: MoodyTopic) -> None:
        self._streams, self._topic, self.dead = streams, topic, False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call: Callable[..., Any] = getattr(
            self._topic if name == "publish" else self._streams, name
        )

        def made(*arguments: Any, **options: Any) -> Any:
            if self.dead:
                raise (TopicError if name == "publish" else StateUnavailable)(
                    "is out of reach.", thing="a killed process"
                )
            return call(*arguments, **options)

        return made


class SourceAndRelays:
    """A source and its relays, as deployed one after the other."""

    def __init__(self, server: Any, database: str) -> None:
        self.server, self.database = server, database
        self.coverage = MemoryCoverages()
        self.topic, self.streams, self.schemas, self.claims = (
            MoodyTopic(),
            MemoryStreams(),
            MemorySchemas(),
            MemoryClaims(),
        )
        self.running: dict[str, tuple[threading.Thread, RelaySetup, KillableParts]] = {}
        self.threads: list[threading.Thread] = []
        self.errors: list[BaseException] = []
        self.deployed: DeployedTables = {}
        self.started = 0

    def deploy(self, deployed: DeployedTables) -> None:
        """New relays, which ask those of the last deployment to yield; one that is no longer
        deployed gets its signal to end.
        """
        self.deployed = deployed
        for stream in self.running.keys() - deployed.keys():
            self.running.pop(stream)[1].stop.set()
        for stream in deployed:
            self.start(stream)

    def start(self, stream: str) -> None:
        self.started += 1
        relay_of, _, name = stream.rpartition("/")
        tables = {
            f"{self.database}.{table}": TableSettings(shards=8) for table in self.deployed[stream]
        }
        reach = KillableParts(self.streams, self.topic)
        job = RelaySetup(
            source=SourceSettings(name, "none", tables, start="latest", relay_of=relay_of),
            streams=reach,
            schemas=self.schemas,
            dues=MemoryDues(),
            coverage=self.coverage,
            claims=self.claims,
            topic=reach,
            open_binlog=opener(
                lambda: source_endpoint.parse(self.server.reader_url), f"{self.database}/{stream}"
            ),
            open_database=database(lambda: source_endpoint.parse(self.server.reader_url)),
            holder=f"relay {self.started}",
            manner="take",
            run="foreground",
            others={
                other: [f"{self.database}.{each}" for each in names]
                for other, names in self.deployed.items()
                if other != stream
            },
        )
        thread = threading.Thread(target=self._run, args=(job, reach))
        self.running[stream] = (thread, job, reach)
        self.threads.append(thread)
        thread.start()

    def _run(self, job: RelaySetup, reach: KillableParts) -> None:
        try:
            relay(job)
        except BaseException as error:  # noqa: BLE001 (asserted at the end)
            if not reach.dead:
                self.errors.append(error)

    def kill(self, stream: str) -> None:
        _, job, reach = self.running[stream]
        reach.dead = True
        job.stop.set()

    def end(self) -> None:
        for _, job, _ in self.running.values():
            job.stop.set()
        for thread in self.threads:
            thread.join(60)

    def holder(self, table: str) -> str:
        holding = self.streams.holdings("shop").tables.get(f"{self.database}.{table}")
        return holding.stream if holding and not holding.free else ""

    def captures(self, stream: str, table: str) -> bool:
        """Whether the stream goes on with the table, all it had to catch up with behind it."""
        _, point = self.streams.load(stream)
        return (
            bool(point) and point.catch_up is None and f"{self.database}.{table}" in point.capture
        )

    def messages(self, table: str = "") -> list[Message]:
        messages = [decode(entry.body) for entry in self.topic.published]
        return [message for message in messages if table in ("", message.table)]

    def published_by(self, stream: str) -> bool:
        """Whether the stream has published something of the table that moves."""
        return any(message.stream == stream for message in self.messages("listings"))

    def wait(self, what: Callable[[], bool], seconds: float = 90.0) -> None:
        end = time.monotonic() + seconds
        while not what():
            assert self.errors == []
            assert time.monotonic() < end, "did not happen"
            time.sleep(0.05)


def write(server: Any, database: str, stop: threading.Event) -> None:
    """Rows into the tables that stay where they are, some in one transaction with the one that
    moves.
    """
    number = 0
    with server.connect(database) as connection, connection.cursor() as cursor:
        while not stop.is_set():
            number += 1
            cursor.execute("BEGIN")
            cursor.execute("INSERT INTO prices VALUES (%s, 1)", (number,))
            cursor.execute(
                "INSERT INTO listings VALUES (%s, 'with a price', 1)", (9_000_000 + number,)
            )
            cursor.execute("INSERT INTO events VALUES (%s, 1)", (number,))
            cursor.execute("COMMIT")
            stop.wait(0.005)


@pytest.fixture(
    params=["mariadb", pytest.param("mysql", marks=[pytest.mark.soak, ONLY_SOAK])],
)
def server(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture
def stage(server: Any, shop: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(lease_margins, "LEASE_SECONDS", 3.0)
    monkeypatch.setattr(lease_margins, "REQUEST_SECONDS", 1.0)
    with server.connect(shop) as connection, connection.cursor() as cursor:
        for table in ("prices", "events"):
            cursor.execute(f"CREATE TABLE {table} (id INT PRIMARY KEY, n INT NOT NULL)")
    made = SourceAndRelays(server, shop)
    yield made
    made.end()


def test_a_table_moves_there_and_back_under_load(stage: SourceAndRelays) -> None:
    stop = threading.Event()
    writers = [threading.Thread(target=write, args=(stage.server, stage.database, stop))]
    writers += [threading.Thread(target=until, args=(stop, stage, seed)) for seed in (1, 2)]
    stage.deploy({FIRST: ["listings", "prices", "events"]})
    stage.wait(lambda: stage.captures(FIRST, "listings"))
    for writer in writers:
        writer.start()
    try:
        stage.wait(lambda: len(stage.messages("listings")) > 5)
        stage.deploy(
            {FIRST: ["prices"], SECOND: ["events", "listings"]}
        )  # the second relay is new, and has nothing until it may take over
        stage.wait(lambda: stage.holder("listings") == SECOND)
        stage.kill(SECOND)  # it has claimed the table, and has begun to read it or not
        stage.start(SECOND)
        stage.wait(lambda: stage.captures(SECOND, "listings") and stage.published_by(SECOND))
        stage.deploy({FIRST: ["prices", "events", "listings"]})  # the second relay is taken away
        stage.wait(lambda: stage.captures(FIRST, "listings") and stage.captures(FIRST, "events"))
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    expected = table_now(stage.server, stage.database)
    with stage.server.connect(stage.database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM events")
        written = cursor.fetchone()[0]
    for table in ("events", "prices"):
        stage.wait(lambda table=table: len(in_order(stage.messages(table))) >= written)
    stage.wait(
        lambda: {key: row for key, row in last(stage).items() if row is not None} == expected
    )
    stage.end()
    assert stage.errors == []
    assert replayed(in_order(stage.messages("listings"))) == expected
    for table in ("events", "prices"):
        assert [
            change.key["id"]
            for change in sorted(
                in_order(stage.messages(table)), key=lambda change: change.key["id"]
            )
        ] == [*range(1, written + 1)]
    assert {message.stream for message in stage.messages("listings")} == {FIRST, SECOND}
    assert {message.source for message in stage.messages()} == {"shop"}
    numbers: dict[tuple[str, int], set[int]] = {}
    for message in stage.messages():
        for change in message.changes:
            epoch, n = split_seq(change.seq)
            numbers.setdefault((message.stream, epoch), set()).add(n)
    for (stream, epoch), some in numbers.items():
        assert some == set(range(1, len(some) + 1)), f"epoch {epoch} of {stream} has holes"


def last(stage: SourceAndRelays) -> dict[int, Any]:
    return {change.key["id"]: change.after for change in in_order(stage.messages("listings"))}


def until(stop: threading.Event, stage: SourceAndRelays, seed: int) -> None:
    while not stop.is_set():
        load(stage.server, stage.database, 0.5, seed)
