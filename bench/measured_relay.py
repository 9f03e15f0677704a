"""The relay beside the emulated AWS, with a look at its calls and at its publications."""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, cast

import boto3
from botocore.config import Config

from bench.binlog_workload import DATABASE
from local.servers.database_server import DatabaseServer
from local.servers.emulator import Emulator
from shared.adapters import aws
from shared.adapters.binlog.contract import Binlog, Commit, Event
from shared.adapters.state.dynamodb import DynamoCoverages, DynamoDues, DynamoSchemas, DynamoStreams
from shared.adapters.topic.contract import Entry
from shared.adapters.topic.sns import SnsTopic
from shared.flows.relay.reading.connecting import database, opener
from shared.flows.relay.relay_loop import relay
from shared.flows.relay.relay_setup import RelaySetup
from shared.values import source_endpoint
from shared.values.message import decode
from shared.values.position import Position
from shared.values.settings import SourceSettings, TableSettings
from tests.aws_setup import create_state_table
from tests.worlds.twins.claims import MemoryClaims

TABLE = f"{DATABASE}.events"
_STREAM = "bench"
_NOTE = "x" * 60


class Published(NamedTuple):
    """One PublishBatch.

    sent, acknowledged: When the request left and when its answer came, in monotonic seconds.
    rows: The ids of the rows whose changes it carried.
    """

    sent: float
    acknowledged: float
    rows: list[int]


@dataclass
class Seen:
    """What was seen of a relay.

    calls: Calls of AWS by service and operation.
    published: Its requests.
    messages, bytes: How many messages, and the size of their bodies as published.
    commits: When each commit came out of the binlog.
    """

    calls: Counter[str] = field(default_factory=Counter)
    published: list[Published] = field(default_factory=list)
    messages: int = 0
    bytes: int = 0
    commits: list[float] = field(default_factory=list)

    @property
    def changes(self) -> int:
        return sum(len(each.rows) for each in list(self.published))

    def wait_for(self, changes: int, seconds: float = 300.0) -> None:
        """Until so many changes are acknowledged. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while self.changes < changes:
            if time.monotonic() > end:
                raise TimeoutError(f"{self.changes} of {changes} changes published")
            time.sleep(0.005)


class WatchedTopic:
    """SNS; a request leaves when botocore hands it to the network. A publisher is a thread."""

    def __init__(self, client: Any, arn: str, seen: Seen) -> None:
        self._topic, self._seen = SnsTopic(client, arn), seen
        self._own = threading.local()
        client.meta.events.register("before-send", self._sent)

    def _sent(self, **_: Any) -> None:
        self._own.sent = time.monotonic()

    def publish(self, entries: list[Entry]) -> list[str | None]:
        fates = self._topic.publish(entries)
        acknowledged, sent = time.monotonic(), self._own.sent
        rows = [change.key["id"] for entry in entries for change in decode(entry.body).changes]
        self._seen.messages += len(entries)
        self._seen.bytes += sum(len(entry.body.encode()) for entry in entries)
        self._seen.published.append(Published(sent, acknowledged, rows))
        return fates


class WatchedBinlog:
    """A binlog, with a look at when commits come out of it."""

    def __init__(self, binlog: Binlog, seen: Seen) -> None:
        self._binlog, self._seen = binlog, seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._binlog, name)

    def read(
        self, start: Position, *, until: Position | None = None, through_restarts: bool = False
    ) -> Iterator[Event]:
        for event in self._binlog.read(start, until=until):
            if type(event) is Commit:
                self._seen.commits.append(time.monotonic())
            yield event


class RelayingPlace:
    """A topic, a state table and a source table for relays that are measured.

    One thread at a time may write to it.
    """

    def __init__(self, server: DatabaseServer, environment: dict[str, str]) -> None:
        self._server = server
        self._session = boto3.Session(
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name=environment["AWS_REGION"],
        )
        self._url = environment["AWS_ENDPOINT_URL"]
        self._name = f"bench-{uuid.uuid4().hex[:8]}"
        self.next_row = 0
        self.topic = self._client("sns").create_topic(
            Name=f"{self._name}.fifo",
            Attributes={"FifoTopic": "true", "FifoThroughputScope": "MessageGroup"},
        )["TopicArn"]
        create_state_table(self._name, self._client("dynamodb"))
        self._writer = server.connect()
        with self._writer.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")
            cursor.execute(
                f"CREATE TABLE {TABLE} (id BIGINT PRIMARY KEY, kind VARCHAR(20) NOT NULL, note "
                "VARCHAR(200) NOT NULL)"
            )

    def _client(self, service: str, config: Config | None = None, seen: Seen | None = None) -> Any:
        client: Any = self._session.client(service, endpoint_url=self._url, config=config)  # type: ignore[call-overload]
        if seen:

            def count(model: Any, **_: Any) -> None:
                seen.calls[f"{service} {model.name}"] += 1

            client.meta.events.register("before-call", count)
        return client

    @property
    def state_table(self) -> str:
        """The name of the state table."""
        return self._name

    def position(self) -> str:
        """Where the binlog ends now."""
        with self._writer.cursor() as cursor:
            cursor.execute("SHOW MASTER STATUS")
            file, offset, *_ = cursor.fetchone()
        return f"{file}:{offset}"

    def insert(self, amount: int, *, a_statement: int = 500) -> list[float]:
        """Insert rows; answers when the client had each statement committed, in monotonic seconds.

        A change is about 300 bytes of JSON.

        a_statement: Rows of a statement, which is a transaction.
        """
        committed: list[float] = []
        end = self.next_row + amount
        with self._writer.cursor() as cursor:
            while self.next_row < end:
                rows = range(self.next_row, min(self.next_row + a_statement, end))
                cursor.executemany(
                    f"INSERT INTO {TABLE} VALUES (%s, %s, %s)",
                    [(n, "listing viewed", f"note {n} {_NOTE}") for n in rows],
                )
                committed.append(time.monotonic())
                self.next_row = rows.stop
        return committed

    def job(
        self,
        holder: str,
        seen: Seen,
        start: str = "latest",
        table: str = TABLE,
        name: str = _STREAM,
    ) -> RelaySetup:
        """The real loop on the real adapters, watched."""
        reader = source_endpoint.parse(self._server.reader_url)
        connect = opener(lambda: reader, self.topic)
        return RelaySetup(
            source=SourceSettings(name, "none", {table: TableSettings()}, start=start),
            streams=DynamoStreams(self._client("dynamodb", seen=seen), self._name),
            schemas=DynamoSchemas(self._client("dynamodb", seen=seen), self._name),
            dues=DynamoDues(self._client("dynamodb", seen=seen), self._name),
            coverage=DynamoCoverages(self._client("dynamodb", seen=seen), self._name),
            claims=MemoryClaims(),
            topic=WatchedTopic(self._client("sns", aws.config(attempts=1), seen), self.topic, seen),
            open_binlog=lambda tables, token: cast(
                Binlog, WatchedBinlog(connect(tables, token), seen)
            ),
            open_database=database(lambda: reader),
            holder=holder,
            manner="take",
            run="foreground",
        )


@contextmanager
def running(job: RelaySetup) -> Iterator[None]:
    """A relay in a thread, for as long as the block takes. Raises what it raised."""
    failures: list[BaseException] = []

    def work() -> None:
        try:
            relay(job)
        except BaseException as error:  # noqa: BLE001 (raised again below)
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        job.stop.set()
        thread.join()
    if failures:
        raise failures[0]


@contextmanager
def emulated(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of an emulated AWS of our own."""
    emulator = Emulator(folder / "emulator").start()
    try:
        yield emulator.environment()
    finally:
        emulator.kill()
