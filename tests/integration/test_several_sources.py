"""A MariaDB and a MySQL with tables of one name on one topic: nothing of the one gets into what is
made of the other.
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from shared.adapters.database.sql import SqlDatabase
from shared.domain.polling import Polling
from shared.flows.backfill.backfill import Backfill
from shared.flows.consume.consume import Consume
from shared.flows.consume.sinks.elasticsearch.latest_state import LatestState
from shared.flows.jobs.job_setup import JobSetup
from shared.flows.relay.reading.connecting import database, opener
from shared.flows.relay.relay_loop import relay
from shared.flows.relay.relay_setup import RelaySetup
from shared.flows.verify.verify import Verify
from shared.values import source_endpoint
from shared.values.delivery import Delivery
from shared.values.message import decode
from shared.values.settings import (
    ConsumerSettings,
    SourceSettings,
    TableSettings,
)
from tests.worlds.consumer_world import elasticsearch_settings
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.queue import MemoryQueue
from tests.worlds.twins.search import MemorySearch
from tests.worlds.twins.state import memory_state
from tests.worlds.twins.topic import MemoryTopic

ROWS = 30


def wait(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.05)


class TwoSources:
    """Two sources, a relay and a consumer for each; one topic, one state table, one
    Elasticsearch.
    """

    def __init__(self, servers: dict[str, Any], database: str) -> None:
        self.servers, self.table = servers, f"{database}.items"
        self.topic, self.state, self.claims = MemoryTopic(), memory_state(), MemoryClaims()
        self.search, self.queue = MemorySearch(), MemoryQueue()
        self.sources = {
            name: SourceSettings(name, "none", {self.table: TableSettings(shards=2)})
            for name in servers
        }
        self.settings = {name: self.consumer(name) for name in servers}
        self.jobs = [self.job(name) for name in servers]
        self.threads = [threading.Thread(target=relay, args=(job,)) for job in self.jobs]
        self.handled = self.refused = 0

    def consumer(self, source: str) -> ConsumerSettings:
        sink = {"kind": "elasticsearch", "secret": "none", "alias": f"{source}-{{table}}"}
        return ConsumerSettings(
            name=f"{source}Search", source=source, tables=(self.table,), sink=sink
        )

    def sink(self, settings: ConsumerSettings) -> LatestState:
        stanza = elasticsearch_settings(settings)
        return LatestState(settings, stanza, self.search, self.state)

    def job(self, source: str) -> RelaySetup:
        reader = source_endpoint.parse(self.servers[source].reader_url)
        return RelaySetup(
            source=self.sources[source],
            streams=self.state.streams,
            schemas=self.state.schemas,
            dues=self.state.dues,
            coverage=self.state.coverage,
            claims=self.claims,
            topic=self.topic,
            open_binlog=opener(lambda: reader, f"{self.table}/{source}"),
            open_database=database(lambda: reader),
            holder=f"relay of {source}",
            manner="take",
            run="foreground",
        )

    def deliver(self, entries: Sequence[Any]) -> None:
        """Every message to both consumers, as while a filter policy does not act yet."""
        for settings in self.settings.values():
            work, queues = self.sink(settings), (MemoryQueue(), MemoryQueue())
            consume = Consume(settings, work, self.state, self.claims, *queues)
            for entry in entries:
                one = Delivery(
                    entry.deduplication_id,
                    "",
                    entry.body,
                    entry.group,
                    entry.deduplication_id,
                    1,
                    entry.attributes,
                )
                done = consume.handle([one], lambda: 60.0)
                assert (done.failed, done.parked) == ([], 0)

    def flow(self, changes: int) -> None:
        """Until so many changes have come through the topic, and what came is applied."""
        wait(
            lambda: (
                sum(len(decode(entry.body).changes) for entry in self.topic.published) >= changes
            )
        )
        published = list(self.topic.published)
        self.deliver(published[self.handled :])
        self.handled = len(published)

    def documents(self, source: str) -> dict[str, str]:
        return {
            id: held.body["title"]
            for id, held in self.search.indexes[f"{source}-items"].items()
            if held.body is not None
        }

    def sql(self, source: str, text: str, *bound: Any) -> None:
        with self.servers[source].connect() as connection, connection.cursor() as cursor:
            cursor.execute(text.format(self.table), bound or None)


@pytest.fixture
def stage(mariadb: Any, mysql: Any) -> Iterator[TwoSources]:
    database = f"t_{uuid.uuid4().hex[:12]}"
    made = TwoSources({"europe": mariadb, "america": mysql}, database)
    for name in made.servers:
        made.sql(name, f"CREATE DATABASE {database}")
        made.sql(name, "CREATE TABLE {} (id INT PRIMARY KEY, title VARCHAR(50))")
        made.sql(name, "INSERT INTO {} VALUES (999, %s)", f"{name} before")
    for thread in made.threads:
        thread.start()
    yield made
    for job in made.jobs:
        job.stop.set()
    for thread in made.threads:
        thread.join(30)
    for name in made.servers:
        made.sql(name, f"DROP DATABASE {database}")


def test_tables_of_one_name_in_two_sources_are_never_mixed_up(stage: TwoSources) -> None:
    wait(lambda: all(stage.state.streams.load(name)[1] for name in stage.servers))
    for number in range(ROWS):
        for name in stage.servers:
            stage.sql(name, "INSERT INTO {} VALUES (%s, %s)", number, f"{name} {number}")
    stage.sql("america", "DELETE FROM {} WHERE id = 0")
    stage.flow(2 * ROWS + 1)
    assert stage.documents("europe") == {str(number): f"europe {number}" for number in range(ROWS)}
    assert stage.documents("america") == {
        str(number): f"america {number}" for number in range(1, ROWS)
    }
    messages = [decode(entry.body) for entry in stage.topic.published]
    assert {entry.attributes["source"] for entry in stage.topic.published} == set(stage.servers)
    groups = {
        name: {message.group for message in messages if message.source == name}
        for name in stage.servers
    }
    assert groups["europe"].isdisjoint(groups["america"])
    counted = {
        name: stage.state.marks.read(f"{name}Search", sorted(groups[name])).marks.values()
        for name in stage.servers
    }
    assert {name: sum(mark.count for mark in marks) for name, marks in counted.items()} == {
        "europe": ROWS,
        "america": ROWS + 1,
    }

    stage.sql("europe", "TRUNCATE TABLE {}")
    stage.flow(2 * ROWS + 3)
    assert stage.documents("europe") == {}
    assert len(stage.documents("america")) == ROWS - 1, "the other source keeps its rows"

    queue = stage.queue
    databases = {
        name: SqlDatabase(source_endpoint.parse(server.reader_url))
        for name, server in stage.servers.items()
    }

    def sleep(seconds: float) -> None:
        while received := queue.receive():
            stage.deliver(received)
            queue.delete([one.receipt_handle for one in received])
        time.sleep(seconds)

    def setup(name: str) -> JobSetup:
        return JobSetup(
            stage.settings[name],
            stage.sources[name],
            databases[name],
            stage.state,
            stage.claims,
            queue,
            stage.sink(stage.settings[name]),
            polling=Polling(sleep=sleep),
        )

    assert Backfill(setup("america")).run().rows == ROWS
    assert stage.documents("america")["999"] == "america before"
    assert stage.documents("europe") == {}
    for name, each in databases.items():
        report = Verify(setup(name)).run()
        assert (report.differences, report.rows) == (0, {"europe": 0, "america": ROWS}[name])
        each.close()
