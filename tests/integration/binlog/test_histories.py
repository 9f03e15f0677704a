"""Random histories on real servers: every change comes once, where it was committed, to a reader
that starts anywhere.
"""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from shared.values.position import Position
from tests.tier import TIER

from .conftest import Source
from .histories import History, read
from .proxy import Proxy


@pytest.fixture
def compressed_now_and_then(source: Source) -> Iterator[Source]:
    """Histories switch the compression of transactions on and off."""
    yield source
    setting = "binlog_transaction_compression" if source.kind == "mysql" else "log_bin_compress"
    source.sql(f"SET GLOBAL {setting} = OFF")


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(TIER.histories))
def test_a_reader_that_starts_anywhere_gets_what_was_committed_since(
    compressed_now_and_then: Source, seed: int
) -> None:
    source = compressed_now_and_then
    history = History(source, seed)
    for number in range(100):
        history.step()
        if number == 60 and not seed:
            history.restart()
    history.end()
    end = source.here()
    assert read(source.open("t"), history.places[0][0], end) == history.changes
    chosen = random.Random(seed)
    for place, count in chosen.sample(history.places, 8):
        for start in (place, Position(place.file, place.offset), Position(gtids=place.gtids)):
            found = read(source.open("t"), start, end)
            assert found == history.changes[count:], (start, count)


@pytest.mark.soak
def test_a_connection_that_breaks_amid_xa_loses_and_repeats_nothing(
    compressed_now_and_then: Source,
) -> None:
    source = compressed_now_and_then
    history = History(source, 11)
    for _ in range(60):
        history.step()
    history.end()
    start, end = history.places[0][0], source.here()
    chosen = random.Random(5)
    for _ in range(min(TIER.cut_rounds, 4)):
        cuts: list[int | None] = [chosen.randrange(2_000, 60_000) for _ in range(6)]
        with Proxy(source.server.port, cuts) as proxy:
            binlog: Any = source.open("t", port=proxy.port)
            assert read(binlog, start, end) == history.changes, cuts
