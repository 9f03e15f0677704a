"""A server that is started again while no relay reads it: what is read once more has the numbers it
had.
"""

import random
import threading
import time
from collections.abc import Callable

import pytest

from shared.values.seq import split_seq
from tests.integration.test_relay import load
from tests.tier import SEED, TIER
from tests.waiting import wait_for

from . import process
from .process import RelayPlace
from .received import Received
from .test_processes import all_arrived, create, in_order, starter


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
def test_relay_and_server_killed_in_turn_change_no_number(
    kind: str, request: pytest.FixtureRequest, stack: Callable[..., RelayPlace]
) -> None:
    """What is read again at a server that was started again has the numbers it had:
    `Received.changes` looks at that. Binlogs are rotated meanwhile.
    """
    server = request.getfixturevalue(f"start_{kind}")()
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE shop")
    create(server, "shop")
    place, rng = stack(server.reader_url, "shop.listings"), random.Random(4 + SEED)
    started = starter(place)
    with Received(place.queue) as received:
        child = started(0)
        wait_for(lambda: place.streams().load(process.SOURCE)[1])
        for number in range(1, TIER.server_kills + 1):
            writer = threading.Thread(target=load, args=(server, "shop", 0.6, number))
            writer.start()
            if number % 2:
                with server.connect() as connection, connection.cursor() as cursor:
                    cursor.execute("FLUSH BINARY LOGS")
            time.sleep(rng.uniform(0.1, 0.6))
            child.kill()
            child.join()
            writer.join()
            server.kill()
            server.start()
            child = started(number)
        expected = all_arrived(received, server, "shop", child)
    changes = in_order(received, expected)
    assert len({split_seq(change.seq)[0] for change in changes}) > 1
