"""A table is found by its name, and never guessed where two sources have one of that name."""

from types import SimpleNamespace

import pytest

from shared.flows.history.history_setup import HistorySetup
from shared.flows.history.past_table import find_table, known_tables
from shared.values.coverage import CoverageSegment, SegmentStart
from shared.values.errors import ConfigError
from shared.values.position import Position
from shared.values.seq import make_seq
from shared.values.table import Column, Table
from tests.worlds.past_world import PastWorld
from tests.worlds.twins.athena import MemoryAthena
from tests.worlds.twins.snapshots import MemorySnapshotStore
from tests.worlds.twins.state import MemoryCoverages, MemorySchemas

USERS, LISTINGS = (
    Table("shop", name, (Column("id", "int"),), ("id",)) for name in ("users", "listings")
)


def setup_of(captured: dict[str, list[Table]], stored: dict[str, list[Table]]) -> HistorySetup:
    """captured: stream → the tables of its coverage; stored: those with columns in state."""
    schemas, coverage = MemorySchemas(), MemoryCoverages()
    for stream, tables in captured.items():
        start = SegmentStart(1, make_seq(1, 0), at_ms=1)
        names = tuple(one.full_name for one in tables)
        coverage.append(stream, CoverageSegment(start, "server", Position("bin.1", 4), names))
    for stream, tables in stored.items():
        for one in tables:
            schemas.version_of(stream, one)
    state = SimpleNamespace(schemas=schemas, coverage=coverage)
    streams = {stream: stream for stream in ("eu", "us")}
    return HistorySetup(
        MemoryAthena(ready=True), PastWorld(1), state, streams, MemorySnapshotStore()
    )


BOTH = {"eu": [USERS], "us": [USERS, LISTINGS]}


@pytest.mark.parametrize("captured", [BOTH, {}], ids=["now", "by a former version"])
def test_a_table_of_two_sources_is_not_guessed(captured: dict[str, list[Table]]) -> None:
    with pytest.raises(ConfigError, match="more than one source") as caught:
        find_table(setup_of(captured, BOTH), "shop.users")
    assert caught.value.hint == "Name one of: eu:shop.users, us:shop.users."


def test_its_name_alone_is_not_guessed_either() -> None:
    with pytest.raises(ConfigError, match="more than one source"):
        find_table(setup_of(BOTH, BOTH), "users")


@pytest.mark.parametrize("captured", [BOTH, {}], ids=["now", "by a former version"])
@pytest.mark.parametrize("source", ["eu", "us"])
def test_it_is_found_with_its_source(captured: dict[str, list[Table]], source: str) -> None:
    setup = setup_of(captured, BOTH)
    found = find_table(setup, f"{source}:shop.users")
    assert (found.source, found.full_name) == (source, "shop.users")
    assert find_table(setup, "shop.listings").source == "us"


def test_a_source_without_it_has_not_the_table_of_another_one() -> None:
    with pytest.raises(ConfigError, match="no table of the archive"):
        find_table(setup_of(BOTH, BOTH), "eu:shop.listings")


def test_both_are_known() -> None:
    known = [(one.source, one.full_name) for one in known_tables(setup_of(BOTH, BOTH))]
    assert known == [("us", "shop.listings"), ("eu", "shop.users"), ("us", "shop.users")]
