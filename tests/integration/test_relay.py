"""The relay on real servers (long: its servers): the changes add up to what SELECT shows, whatever
happens to the relay.
"""

import json
import random
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pymysql
import pytest
from pymysql.constants import ER

from shared.adapters.state.dynamodb import DynamoStreams
from shared.adapters.topic.contract import Entry
from shared.flows.relay.reading.connecting import database, opener
from shared.flows.relay.relay_loop import relay
from shared.flows.relay.relay_setup import RelaySetup
from shared.values import source_endpoint
from shared.values.change import Change
from shared.values.message import Message, decode
from shared.values.seq import split_seq
from shared.values.settings import SourceSettings, StageSettings, TableSettings
from tests.aws_setup import create_bucket, create_state_table, create_topic_and_queue
from tests.tier import TIER
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.state import MemoryCoverages, MemoryDues, MemorySchemas, MemoryStreams
from tests.worlds.twins.topic import MemoryTopic


class MoodyTopic(MemoryTopic):
    """Acknowledges most messages, loses some, and loses some acknowledgements."""

    def __init__(self) -> None:
        super().__init__()
        self._rng = random.Random(3)

    def publish(self, entries: list[Entry]) -> list[str | None]:
        fates: list[str | None] = []
        for entry in entries:
            mood = self._rng.random()
            if mood > 0.1:
                super().publish([entry])
            fates.append(None if mood > 0.2 else "InternalError")
        return fates


def load(server: Any, database: str, seconds: float, seed: int) -> None:
    """Transactions of one connection: inserts, updates, deletes, changes of keys, several rows,
    some rolled back.
    """
    rng, end = random.Random(seed), time.monotonic() + seconds
    with server.connect(database, autocommit=False) as connection, connection.cursor() as cursor:
        while time.monotonic() < end:
            try:
                for _ in range(rng.choice([1, 1, 1, 5, 40])):
                    change_a_row(cursor, rng, seed)
            except pymysql.OperationalError as error:
                if error.args[0] != ER.LOCK_DEADLOCK:  # the server has rolled it back
                    raise
            (connection.rollback if rng.random() < 0.1 else connection.commit)()


def change_a_row(cursor: Any, rng: random.Random, seed: int) -> None:
    key = seed * 1000 + rng.randrange(200)
    match rng.randrange(10):
        case 0:
            cursor.execute("DELETE FROM listings WHERE id = %s", (key,))
        case 1:
            cursor.execute(
                "UPDATE IGNORE listings SET id = %s WHERE id = %s",
                (seed * 1000 + rng.randrange(200), key),
            )
        case _:
            title = rng.choice(["Straße", "🚲 bike", "x" * rng.choice([10, 3000]), None])
            cursor.execute(
                "INSERT INTO listings VALUES (%s, %s, 1) ON DUPLICATE KEY UPDATE title = "
                "VALUES(title), n = n + 1",
                (key, title),
            )


def replayed(changes: list[Change]) -> dict[int, dict[str, Any]]:
    """The rows that the changes add up to; every change must follow from the one before."""
    rows: dict[int, dict[str, Any]] = {}
    for change in changes:
        key = change.key["id"]
        assert rows.get(key) == change.before, f"{change.id} does not follow from the change before"
        if change.after is None:
            del rows[key]
        else:
            rows[key] = change.after
    return rows


def in_order(messages: list[Message]) -> list[Change]:
    """Changes as a consumer sees them: per group in the order of arrival, duplicates dropped; all
    groups one after the other.
    """
    groups: dict[str, dict[str, Change]] = {}
    for message in messages:
        for change in message.changes:
            groups.setdefault(message.group, {}).setdefault(change.id, change)
    for changes in groups.values():
        seqs = [change.seq for change in changes.values()]
        assert seqs == sorted(seqs)
    return [change for changes in groups.values() for change in changes.values()]


@pytest.fixture(params=["mariadb", "mysql"])
def server(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture
def shop(server: Any) -> Iterator[str]:
    name = f"t_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        cursor.execute(
            f"CREATE TABLE {name}.listings (id INT PRIMARY KEY, title VARCHAR(3000), n INT NOT "
            "NULL)"
        )
    yield name
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name}")


def table_now(server: Any, shop: str) -> dict[int, dict[str, Any]]:
    with server.connect(shop) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, title, n FROM listings")
        return {key: {"id": key, "title": title, "n": n} for key, title, n in cursor.fetchall()}


@pytest.mark.soak
def test_changes_add_up_to_the_table_while_relays_come_and_go(server: Any, shop: str) -> None:
    topic, streams, schemas, claims = MoodyTopic(), MemoryStreams(), MemorySchemas(), MemoryClaims()
    source = SourceSettings(
        "shop", "none", {f"{shop}.listings": TableSettings(shards=8)}, start="latest"
    )
    reader = source_endpoint.parse(server.reader_url)
    errors: list[BaseException] = []

    def job(number: int) -> RelaySetup:
        return RelaySetup(
            source=source,
            streams=streams,
            schemas=schemas,
            dues=MemoryDues(),
            coverage=MemoryCoverages(),
            claims=claims,
            topic=topic,
            open_binlog=opener(lambda: reader, shop),
            open_database=database(lambda: reader),
            holder=f"relay {number}",
            manner="take",
            run="foreground",
        )

    def run(one: RelaySetup) -> None:
        try:
            relay(one)
        except BaseException as error:  # noqa: BLE001 (asserted below)
            errors.append(error)

    def started(number: int) -> tuple[threading.Thread, RelaySetup]:
        one = job(number)
        thread = threading.Thread(target=run, args=(one,))
        thread.start()
        return thread, one

    relays = [started(0)]
    while streams.load("shop")[1] is None and not errors:
        time.sleep(0.05)
    writers = [
        threading.Thread(target=load, args=(server, shop, TIER.load_seconds, seed))
        for seed in (1, 2, 3)
    ]
    for writer in writers:
        writer.start()
    for number in range(1, 4):
        time.sleep(TIER.load_seconds / 4)
        relays.append(started(number))  # asks the one before to yield
    for writer in writers:
        writer.join()
    expected, end = table_now(server, shop), time.monotonic() + 120
    while time.monotonic() < end and not errors:
        changes = in_order([decode(entry.body) for entry in topic.published])
        if rows_of(changes) == expected:
            break
        time.sleep(0.5)
    for thread, one in relays:
        one.stop.set()
        thread.join(60)
    assert errors == []
    changes = in_order([decode(entry.body) for entry in topic.published])
    assert replayed(changes) == expected
    numbers = sorted(split_seq(change.seq) for change in changes)
    assert numbers == [(numbers[0][0], n) for n in range(1, len(numbers) + 1)], (
        "dense, in one epoch"
    )
    lease, checkpoint = streams.load("shop")
    assert lease.holder == ""
    assert 2 <= lease.token <= 4  # on a slow machine a relay is asked to yield before it has begun
    assert checkpoint is not None
    assert split_seq(checkpoint.seq + checkpoint.rows)[1] == len(numbers)


def rows_of(changes: list[Change]) -> dict[int, Any]:
    rows = {change.key["id"]: change.after for change in changes}
    return {key: row for key, row in rows.items() if row is not None}


class RelayContext:
    aws_request_id = "11111111-2222-3333-4444-555555555555"

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self._end - time.monotonic()) * 1000)


def test_the_function_relays_until_its_time_is_nearly_over_and_the_next_one_goes_on(
    aws: dict[str, str],
    mariadb: Any,
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = uuid.uuid4().hex[:8]
    sqs, dynamodb = boto3.client("sqs"), boto3.client("dynamodb")
    topic, queue = create_topic_and_queue(name)
    create_state_table(name, dynamodb)
    create_bucket(name)
    reader = source_endpoint.parse(mariadb.reader_url)
    secret = {
        "host": reader.host,
        "port": reader.port,
        "username": reader.user,
        "password": reader.password,
        "tls": "off",
        "mask_key": "k" * 32,
    }
    boto3.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(secret))
    tables = {f"{database}.sellers": TableSettings(mask={"email": "hash"})}
    settings = StageSettings("shop", "test", {"shop": SourceSettings("shop", name, tables)}, {})
    (tmp_path / "rowline.json").write_bytes(msgspec.json.encode(settings))
    for variable, value in {
        "LAMBDA_TASK_ROOT": str(tmp_path),
        "ROWLINE_SERVICE": "shop",
        "ROWLINE_STAGE": "test",
        "ROWLINE_STREAM": "shop",
        "ROWLINE_STATE_TABLE": name,
        "ROWLINE_TOPIC_ARN": topic,
        "ROWLINE_CLAIMS_BUCKET": name,
        "ROWLINE_VERSION": "v1",
    }.items():
        monkeypatch.setenv(variable, value)
    from handlers import relay

    with mariadb.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE sellers (id INT PRIMARY KEY, email VARCHAR(100), story LONGTEXT)"
        )
        cursor.execute("INSERT INTO sellers VALUES (0, 'before the start', '')")
        ended: dict[int, Any] = {}

        def invoke(seconds: int) -> threading.Thread:
            thread = threading.Thread(
                target=lambda: ended.setdefault(seconds, relay.handle({}, RelayContext(seconds)))
            )
            thread.start()
            return thread

        first = invoke(36)  # of which it keeps 20 s for ending
        streams = DynamoStreams(dynamodb, name)
        while streams.load("shop")[1] is None:
            time.sleep(0.1)
            assert first.is_alive()
        cursor.execute("INSERT INTO sellers VALUES (1, 'jo@example.org', 'é')")
        second = invoke(60)  # stands by, longer than a slow machine needs to end the first one
        first.join(60)
        cursor.execute("INSERT INTO sellers VALUES (2, 'jo@example.org', REPEAT('x', 1000000))")
        second.join(90)

    assert ended == {36: {"ended": "stopped"}, 60: {"ended": "stopped"}}
    received = sqs.receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2, AttributeNames=["MessageGroupId"]
    )["Messages"]
    messages = [decode(each["Body"]) for each in received]
    assert {each["Attributes"]["MessageGroupId"] for each in received} == {
        message.group for message in messages
    }
    small, large = sorted(
        (change for message in messages for change in message.changes),
        key=lambda change: change.seq,
    )
    assert small.after is not None
    assert (small.key, small.after["story"]) == ({"id": 1}, "é")
    assert "jo@example.org" not in small.after["email"]
    claim = json.loads(
        boto3.client("s3").get_object(Bucket=name, Key=large.claim.split("/", 3)[3])["Body"].read()
    )
    assert (large.after, len(claim["after"]["story"]), claim["after"]["email"]) == (
        None,
        1_000_000,
        small.after["email"],
    )
    lease, checkpoint = streams.load("shop")
    assert (lease.token, lease.holder, lease.figures["changes"], lease.figures["version"]) == (
        2,
        "",
        1,
        "v1",
    )
    assert checkpoint is not None
    assert split_seq(checkpoint.seq) == (checkpoint.epoch, 2)
    metrics = [
        json.loads(line) for line in capsys.readouterr().out.splitlines() if '"LagMs"' in line
    ]
    assert sum(each["ChangesPublished"][0] for each in metrics) == 2
    assert {each["stream"] for each in metrics} == {"shop"}
