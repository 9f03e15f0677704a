"""Making the views of all tables, of which one has views that are too long for Athena."""

from types import SimpleNamespace

from shared.domain.archive_views import View
from shared.flows.history.history_setup import HistorySetup
from shared.flows.history.make_views import make_views
from shared.values.coverage import CoverageSegment, SegmentStart
from shared.values.position import Position
from shared.values.table import Column, Table
from tests.worlds.twins.athena import MemoryAthena
from tests.worlds.twins.snapshots import MemorySnapshotStore
from tests.worlds.twins.state import MemoryCoverages, MemorySchemas


def test_a_view_that_is_too_long_does_not_stop_those_of_other_tables() -> None:
    schemas, coverage = MemorySchemas(), MemoryCoverages()
    id = Column("id", "int", nullable=False)
    wide = tuple(Column(f"{n:04}".ljust(64, "x"), "varchar", length=9) for n in range(2_000))
    tables = [
        Table("market", name, (id, *more), ("id",))
        for name, more in (("listings", ()), ("wide", wide), ("zones", ()))
    ]
    for table in tables:
        schemas.version_of("shop", table)
    place = Position("bin.1", 4)
    every = {table.full_name for table in tables}
    coverage.append("shop", CoverageSegment(SegmentStart(1, 0), "", place, tuple(sorted(every))))
    state = SimpleNamespace(schemas=schemas, coverage=coverage)
    athena = MemoryAthena(ready=True)
    setup = HistorySetup(athena, None, state, {"shop": "shop"}, MemorySnapshotStore())  # type: ignore[arg-type]
    views: list[View] = []
    done = make_views(setup, views.append)
    assert {view.table for view in views} == {"market.listings", "market.zones"}
    assert [(each.name, each.table) for each in done.refused] == [
        ("wide_changes", "market.wide"),
        ("wide_rows", "market.wide"),
    ]
    assert "262,144" in done.refused[0].reason
