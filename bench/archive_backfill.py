"""A backfill from the archive beside `elasticsearch.helpers.parallel_bulk`, on one Elasticsearch.

The job, the archive's function and the consumer's functions are processes of their own, as on
Lambda. The snapshot is in the emulated S3. Queue and state are in memory, so SQS and DynamoDB cost
no time.
"""

import multiprocessing
import os
import queue
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock
from zlib import crc32

import boto3
import msgspec

from bench import consuming, measured_relay
from bench.consuming import FUNCTIONS
from bench.say import Say
from bench.side import BenchSide, documents_per_second, in_turn, speed_ratio
from local.servers.elasticsearch_server import ElasticsearchServer
from shared.adapters.snapshots.iceberg import IcebergSnapshots
from shared.flows.archive.chosen_changes import ChosenChanges
from shared.flows.jobs.job_setup import JobSetup
from shared.flows.jobs.redrive_and_replay_rate import FILL_RATE
from shared.flows.replay.replay import Replay
from shared.flows.snapshots.tending import rows_of
from shared.values.archive_pages import (
    FOREVER_US,
    Base,
    Choice,
    PartRequest,
    Reach,
    StreamReach,
    TableName,
)
from shared.values.delivery import Delivery
from shared.values.job import Job
from shared.values.replay_work import ReplayWork
from shared.values.seq import make_seq
from shared.values.settings import SourceSettings, TableSettings
from shared.values.snapshot import SnapshotPart, Texts
from tests.worlds.consumer_world import STREAM
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.lake import MemoryLake

TABLE = TableName("bench", "listings")
SOURCE = SourceSettings(STREAM, "none", {TABLE.full: TableSettings()})
FLOOR, THROUGH = make_seq(1, 5), make_seq(1, 6)
_FORK = multiprocessing.get_context("fork")
_FILE_ROWS = 70_000


def figures(folder: Path, rows: int, rounds: int, say: Say) -> dict[str, float]:
    """Both sides in turn; the median of the rounds counts."""
    with measured_relay.emulated(folder) as environment, mock.patch.dict(os.environ, environment):
        bucket = _snapshot(rows)
        with consuming.started(folder) as server:
            say(f"fill: {rows:,} rows, {rounds} rounds")
            ours, theirs = in_turn(
                rounds,
                lambda number: _fill(server, f"fill-{number}", rows, bucket),
                lambda number: consuming.bulk(server, f"bulk-{number}", rows),
            )
    return {
        "fill_documents_per_second": documents_per_second(rows, ours),
        "bulk_documents_per_second": documents_per_second(rows, theirs),
        "fill_to_parallel_bulk": speed_ratio(ours, theirs),
    }


def _snapshot(rows: int) -> str:
    """A snapshot of these rows; returns its bucket."""
    bucket = f"fill-{uuid.uuid4().hex[:12]}"
    boto3.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    boto3.client("glue").create_database(DatabaseInput={"Name": bucket.replace("-", "_")})
    table, encode = IcebergSnapshots(bucket, bucket.replace("-", "_")), msgspec.json.encode
    for first in range(0, rows, _FILE_ROWS):
        numbers = range(first, min(rows, first + _FILE_ROWS))
        keys = Texts.of([encode({"id": number}) for number in numbers])
        texts = Texts.of([encode(consuming.row(number)) for number in numbers])
        part = SnapshotPart(STREAM, STREAM, TABLE.database, TABLE.table, 1, FLOOR, 1, keys, texts)
        table.add("s", TABLE.full, first, first, rows_of("s", part))
    return bucket


def _fill(server: ElasticsearchServer, index: str, rows: int, bucket: str) -> BenchSide:
    functions = FillingFunctions(server.url, index, rows)
    mine, its = _FORK.Pipe()
    archive = _FORK.Process(target=_archive, args=(its, bucket))
    archive.start()
    lock = threading.Lock()

    def ask(event: dict[str, Any]) -> dict[str, Any]:
        with lock:
            mine.send(event)
            return dict(mine.recv())

    def run() -> tuple[int, float]:
        world = consuming.world_of(server.url, index)
        state = world.state
        state.done_messages.noted = functions.noted  # type: ignore[method-assign]
        setup = JobSetup(
            world.settings,
            SOURCE,
            database=None,  # type: ignore[arg-type]
            state=state,
            claims=MemoryClaims(),
            queue=functions,  # type: ignore[arg-type]
            sink=None,  # type: ignore[arg-type]
            ask_archive=ask,
        )
        began = time.process_time()
        Replay(setup).run(_work(rows))
        return functions.failed, time.process_time() - began

    side = consuming.measured(run, server, index, rows)
    functions.stop()
    mine.send(None)
    archive.join()
    return side


def _work(rows: int) -> ReplayWork:
    base = Base("s", 1, rows, STREAM, FLOOR, FLOOR)
    choice = Choice(STREAM, (TABLE,), 0, FOREVER_US, newest=True)
    return ReplayWork(choice, FILL_RATE, rows, bases={TABLE.full: base})


def _archive(pipe: Any, bucket: str) -> None:
    """The archive's function."""
    lake, snapshots = MemoryLake(), IcebergSnapshots(bucket, bucket.replace("-", "_"))
    while (event := pipe.recv()) is not None:
        if event["do"] == "reach":
            reach = Reach((StreamReach(STREAM, THROUGH, 1, THROUGH, ""),))
            pipe.send(msgspec.to_builtins(reach))
            continue
        request = msgspec.convert(event["request"], PartRequest)
        chosen = ChosenChanges(lake, lake.head(), request, snapshots)
        if event["do"] == "parts":
            pipe.send(msgspec.to_builtins(chosen.parts()))
        else:
            pipe.send({"page": chosen.page()})


class FillingFunctions:
    """The consumer's functions, and the queue that gives each group's messages to one of them."""

    def __init__(self, url: str, index: str, rows: int) -> None:
        # makes the index
        consuming.world_of(url, index).handle(consuming.delivery(range(rows, rows + 1), "warm-up"))
        self.failed = 0
        self._done: set[str] = set()
        self._answers: Any = _FORK.SimpleQueue()
        self._queues: list[Any] = [_FORK.SimpleQueue() for _ in range(FUNCTIONS)]
        self._processes = [
            _FORK.Process(target=self._work, args=(each, url, index)) for each in self._queues
        ]
        for process in self._processes:
            process.start()

    def _work(self, pipe: Any, url: str, index: str) -> None:
        world = consuming.world_of(url, index)
        consumer = world.settings.name
        waiting: Any = queue.Queue()

        def take() -> None:
            """A queue takes what is sent, however busy its consumer is; a pipe does not."""
            while True:
                waiting.put(entry := pipe.get())
                if entry is None:
                    return

        threading.Thread(target=take, daemon=True).start()
        while (entry := waiting.get()) is not None:
            batch = [entry]
            while len(batch) < consuming.BATCH and waiting.qsize():
                if (entry := waiting.get()) is None:
                    return
                batch.append(entry)
            if world.state.jobs.current(consumer, "fill") is None:
                run = Job(entry[3]["run"], consumer, _work(0))
                world.state.jobs.begin(run)  # messages of no job under way are dropped
            failed = world.handle(*map(_delivery, batch), time_left=lambda: 600.0).failed
            self._answers.put((len(failed), [each[2] for each in batch]))

    def send(self, entries: list[Any]) -> list[str | None]:
        for entry in entries:
            number = crc32(entry.group.encode()) % FUNCTIONS
            self._queues[number].put(
                (entry.body, entry.group, entry.deduplication_id, entry.attributes)
            )
        return [None] * len(entries)

    def depth(self) -> tuple[int, int]:
        return 0, 1

    def noted(self, consumer: str, run_id: str, message_ids: list[str]) -> set[str]:
        """Which messages are done, by their deduplication ids."""
        while not self._answers.empty():
            failed, done = self._answers.get()
            self.failed += failed
            self._done.update(done)
        return self._done & set(message_ids)

    def stop(self) -> None:
        for each in self._queues:
            each.put(None)
        for process in self._processes:
            process.join()


def _delivery(entry: tuple[str, str, str, Mapping[str, str]]) -> Delivery:
    body, group, id, attributes = entry
    return Delivery(
        message_id=id,
        receipt_handle=f"receipt-{id}",
        body=body,
        group=group,
        deduplication_id=id,
        attempt=1,
        attributes=dict(attributes),
    )
