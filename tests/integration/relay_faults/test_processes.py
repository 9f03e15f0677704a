"""PublishBatch through a bad network, and relays killed with -9: every row's changes arrive in
commit order, numbered without a hole.
"""

import itertools
import json
import multiprocessing
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from shared.values.change import Change
from tests.integration.test_relay import load, replayed, rows_of, table_now
from tests.tier import SEED, TIER
from tests.waiting import wait_for

from . import process
from .process import RelayPlace, Running, job
from .publish_proxy import MOODS, PublishProxy
from .received import Received, check

KILLS = TIER.relay_kills


@pytest.fixture
def shop(mariadb: Any, database: str) -> str:
    create(mariadb, database)
    return database


def create(server: Any, database: str) -> None:
    with server.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE listings (id INT PRIMARY KEY, title VARCHAR(3000), n INT NOT NULL)"
        )


def arrived(received: Received, expected: dict[int, Any]) -> bool:
    return rows_of(received.changes()) == expected


@pytest.mark.soak
def test_delayed_lost_and_partly_failed_requests_change_nothing(
    mariadb: Any,
    shop: str,
    stack: Callable[..., RelayPlace],
    emulator: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = stack(mariadb.reader_url, f"{shop}.listings")
    with PublishProxy(emulator.url, seed=5) as proxy, Received(place.queue) as received:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", proxy.url)
        one = job(place, "one")
        with Running(one):
            wait_for(lambda: place.streams().load(process.SOURCE)[1])
            writers = [
                threading.Thread(target=load, args=(mariadb, shop, TIER.load_seconds / 2, seed))
                for seed in (1, 2)
            ]
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
            expected = table_now(mariadb, shop)
            wait_for(lambda: arrived(received, expected))
    assert set(proxy.seen) == set(MOODS), "everything that can go wrong did"
    in_order(received, expected)


def all_arrived(received: Received, server: Any, database: str, child: Any) -> dict[int, Any]:
    """The table, once all of it is there; then the last relay is killed."""
    expected = table_now(server, database)
    wait_for(lambda: arrived(received, expected))
    child.kill()
    child.join()
    return expected


def in_order(received: Received, expected: dict[int, Any]) -> list[Change]:
    """What arrived, in order and numbered without a hole: it adds up to the table."""
    changes = received.changes()
    check(changes)
    assert replayed(changes) == expected
    return changes


def starter(place: RelayPlace) -> Callable[[int], Any]:
    """Starts relays in processes of their own, by number, and returns once they hold the lease."""
    text = json.dumps(msgspec.to_builtins(place))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([process.__name__])

    def started(number: int) -> Any:
        child = context.Process(target=process.run, args=(text, f"relay {number}"), daemon=True)
        child.start()
        wait_for(lambda: place.streams().load(process.SOURCE)[0].holder == f"relay {number}")
        return child

    return started


@pytest.mark.soak
def test_relays_killed_in_the_middle_lose_nothing(
    mariadb: Any, shop: str, stack: Callable[..., RelayPlace]
) -> None:
    place, rng = stack(mariadb.reader_url, f"{shop}.listings"), random.Random(9 + SEED)
    started = starter(place)
    ending = threading.Event()

    def write() -> None:
        for seed in itertools.count(1):
            if ending.is_set():
                return
            load(mariadb, shop, 0.1, seed % 3)
            time.sleep(0.2)

    with Received(place.queue) as received:
        child = started(0)
        wait_for(lambda: place.streams().load(process.SOURCE)[1])
        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        for number in range(1, KILLS + 1):
            seen = len(received.messages)
            wait_for(lambda: len(received.messages) > seen)  # noqa: B023 (asked now)
            time.sleep(rng.uniform(0, 0.2))
            child.kill()
            child.join()
            child = started(number)
        ending.set()
        writer.join()
        expected = all_arrived(received, mariadb, shop, child)
    changes = in_order(received, expected)
    again = sum(len(message.changes) for message in received.messages) - len(changes)
    print(
        f"{KILLS} kills: {len(changes):,} changes arrived in order, {again:,} of them more "
        "than once"
    )
    assert place.streams().load(process.SOURCE)[0].token == KILLS + 1
