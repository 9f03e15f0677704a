"""A consumer beside `elasticsearch.helpers.parallel_bulk`, on one Elasticsearch.

Both write the same documents with the same versions. The consumer starts from message bodies as a
queue delivers them; `parallel_bulk` is given the finished documents.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from elasticsearch import Elasticsearch
from elasticsearch.helpers import parallel_bulk

from bench.say import Say
from bench.side import BenchSide, documents_per_second, in_turn, speed_ratio
from local.servers.elasticsearch_server import ElasticsearchServer
from shared.adapters.search.elasticsearch import ElasticsearchSearch
from shared.values.change import Change, Transaction
from shared.values.deduplication_id import deduplication_id
from shared.values.delivery import Delivery
from shared.values.message import Message, attributes, encode
from shared.values.table import Column, Table
from tests.worlds.consumer_world import STREAM, ConsumerWorld, consumer_settings

FUNCTIONS = 10
"""So many at once, which is a consumer's default `concurrency`. Each is a process of its own, as on
Lambda. `parallel_bulk` gets as many threads.
"""
BATCH = 10  # messages; Lambda takes no more from a FIFO queue
_TABLE = Table(
    "bench",
    "listings",
    (
        Column("id", "bigint", nullable=False),
        Column("seller_id", "int"),
        Column("title", "varchar"),
        Column("description", "text"),
        Column("price", "decimal"),
        Column("currency", "char"),
        Column("status", "varchar"),
        Column("views", "int"),
        Column("rating", "double"),
        Column("sold_at", "datetime"),
        Column("updated_at", "timestamp"),
        Column("attributes", "json"),
    ),
    ("id",),
)


def row(number: int) -> dict[str, Any]:
    """A row of 12 columns, about 450 bytes of JSON."""
    return {
        "id": number,
        "seller_id": number % 9973,
        "title": f"Listing {number} {('Straße', 'bike', 'used')[number % 3]}",
        "description": f"A fine thing, number {number}" + ", well kept" * (1 + number % 5),
        "price": f"{number * 7919 % 1_000_000 / 100:.2f}",
        "currency": "EUR",
        "status": ("draft", "active", "sold")[number % 3],
        "views": number % 1000,
        "rating": number % 1000 / 7,
        "sold_at": None if number % 10 else "2024-03-01T12:00:00",
        "updated_at": "2024-05-01T10:00:00Z",
        "attributes": {"brand": f"brand {number % 97}", "used": number % 2, "tags": ["a", "b"]},
    }


def figures(folder: Path, changes: int, rounds: int, say: Say) -> dict[str, float]:
    """Both sides in turn, at 20 changes a message and at one; the median of the rounds counts."""
    found: dict[str, float] = {}
    with started(folder) as server:
        for size in (20, 1):
            say(f"consumer: {changes:,} changes, {size} a message, beside parallel_bulk")
            found |= _at(server, size, changes, rounds)
    return found


def _at(server: ElasticsearchServer, size: int, changes: int, rounds: int) -> dict[str, float]:
    ours, theirs = in_turn(
        rounds,
        lambda number: consumer(server, f"ours-{size}-{number}", changes, size),
        lambda number: bulk(server, f"theirs-{size}-{number}", changes),
    )
    return _compared(f"at_{size}", changes, ours, theirs)


def _compared(
    place: str, amount: int, ours: list[BenchSide], theirs: list[BenchSide]
) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, sides in (("consumer", ours), ("parallel_bulk", theirs)):
        found[f"{name}_{place}_changes_per_second"] = documents_per_second(amount, sides)
        found[f"{name}_{place}_cpu_us_per_change"] = 1e6 * median(s.cpu for s in sides) / amount
        found[f"{name}_{place}_elasticsearch_cpu_us_per_change"] = (
            1e6 * median(s.server_cpu for s in sides) / amount
        )
    return found | {f"consumer_to_parallel_bulk_{place}": speed_ratio(ours, theirs)}


def consumer(server: ElasticsearchServer, index: str, amount: int, size: int) -> BenchSide:
    """The consumer's runtime in several processes, as so many functions would run it."""
    # makes the index
    world_of(server.url, index).handle(delivery(range(amount, amount + 1), "warm-up"))
    fork = multiprocessing.get_context("fork")
    ready, answers, taken = fork.Barrier(FUNCTIONS + 1), fork.SimpleQueue(), fork.Value("q", 0)
    batches = list(_batches(amount, size))

    def function() -> None:
        world, failed = world_of(server.url, index), 0
        world.search.get(f"{index}-listings", [str(amount)])  # connects, as a warm function is
        ready.wait()
        began = time.process_time()
        while True:
            with taken.get_lock():
                number, taken.value = taken.value, taken.value + 1
            if number >= len(batches):
                break
            failed += len(world.handle(*batches[number], time_left=lambda: 600.0).failed)
        answers.put((failed, time.process_time() - began))

    functions = [fork.Process(target=function) for _ in range(FUNCTIONS)]
    for each in functions:
        each.start()

    def run() -> tuple[int, float]:
        ready.wait()
        told = [answers.get() for _ in functions]
        return sum(failed for failed, _ in told), sum(cpu for _, cpu in told)

    side = measured(run, server, index, amount)
    for each in functions:
        each.join()
    return side


def _batches(amount: int, size: int) -> Iterator[list[Delivery]]:
    """The batches, as a queue gives them to whichever function is free.

    A group is never in two batches that are worked on at once.
    """
    batch = BATCH * size
    for number, first in enumerate(range(0, amount, batch)):
        rows, groups = range(first, min(first + batch, amount)), number % (10 * FUNCTIONS)
        parts = (rows[at : at + size] for at in range(0, len(rows), size))
        yield [delivery(part, f"group {groups}/{at}") for at, part in enumerate(parts)]


def bulk(server: ElasticsearchServer, index: str, amount: int) -> BenchSide:
    """`parallel_bulk` as its documentation shows it, with versions as the consumer writes them."""
    world_of(server.url, index).handle(delivery(range(amount, amount + 1), "warm-up"))
    actions = [
        {
            "_op_type": "index",
            "_index": f"{index}-listings",
            "_id": str(number),
            "version": number + 1,
            "version_type": "external_gte",
            "_source": row(number),
        }
        for number in range(amount)
    ]
    client = Elasticsearch(server.url, request_timeout=60)

    def run() -> tuple[int, float]:
        began = time.process_time()
        failed = sum(not done for done, _ in parallel_bulk(client, actions, thread_count=FUNCTIONS))
        return failed, time.process_time() - began

    return measured(run, server, index, amount)


def measured(
    run: Callable[[], tuple[int, float]], server: ElasticsearchServer, index: str, amount: int
) -> BenchSide:
    """run: returns how many changes failed, and the seconds of processor time that it took."""
    client = Elasticsearch(server.url, request_timeout=60)
    before = _processor_seconds(server)
    wall = time.monotonic()
    failed, cpu = run()
    side = BenchSide(time.monotonic() - wall, cpu, _processor_seconds(server) - before)
    client.indices.refresh(index=f"{index}-listings")
    there = client.count(index=f"{index}-listings")["count"]
    if failed or there != amount + 1:
        raise RuntimeError(f"{index}: {failed} failed, {there} of {amount + 1} documents")
    client.indices.delete(index=f"{index}-listings-000001")
    return side


def _processor_seconds(server: ElasticsearchServer) -> float:
    """Processor time that Elasticsearch has used since it started."""
    launcher = psutil.Process(server.pid)
    used = [each.cpu_times() for each in (launcher, *launcher.children(recursive=True))]
    return float(sum(each.user + each.system for each in used))


def world_of(url: str, index: str) -> ConsumerWorld:
    """A consumer with a real sink; its state is in memory."""
    world = ConsumerWorld(
        consumer_settings(tables=("bench.listings",), alias=f"{index}-{{table}}"),
    )
    world.search = ElasticsearchSearch({"url": url})  # type: ignore[assignment]
    world.state.schemas.version_of(STREAM, _TABLE)
    world.consume = world.cold_start()
    return world


def delivery(numbers: Sequence[int], group: str) -> Delivery:
    changes = [
        Change(
            f"tx/{number}",
            number + 1,
            "c",
            1_700_000_000_000 + number,
            {"id": number},
            None,
            row(number),
            Transaction("tx", 0, True),
        )
        for number in numbers
    ]
    identity = deduplication_id(changes)
    message = Message(STREAM, "shop", "bench", "listings", 1, group, None, changes)
    return Delivery(
        message_id=identity,
        receipt_handle=f"receipt-{identity}",
        body=encode(message),
        group=group,
        deduplication_id=identity,
        attempt=1,
        attributes=attributes("shop", "bench.listings", "live"),
    )


@contextmanager
def started(folder: Path) -> Iterator[ElasticsearchServer]:
    server = ElasticsearchServer(folder / "elasticsearch").start()
    try:
        yield server
    finally:
        server.kill()
