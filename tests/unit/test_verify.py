"""Verify and its repair do no harm: another server, rows that share an id, what is under way."""

from random import Random
from typing import Any

import msgspec
import pytest

from shared.adapters.database.contract import Server
from shared.domain.deletion_limit import DeletionRefused
from shared.domain.polling import Polling
from shared.flows.verify.verify import Verify
from shared.flows.verify.verify_report import VerifyReport
from shared.values.errors import SourceError, StackError
from shared.values.settings import SourceSettings, TableSettings
from shared.values.stopped import Stopped
from shared.values.table import Column, Table
from tests.worlds.backfill_world import BackfillWorld
from tests.worlds.consumer_world import ALIAS, consumer_settings
from tests.worlds.twins.database import MemoryDatabase

CITIES = Table(
    "shop",
    "items",
    (Column("id", "int", nullable=False), Column("city", "varchar")),
    ("id",),
)


@pytest.fixture
def world() -> BackfillWorld:
    made = BackfillWorld(Random(1), keys=40)
    made.pace = {made.commit: 1}
    made.backfill()
    return made


def verify(world: BackfillWorld, *, repair: bool = False, **options: Any) -> VerifyReport:
    return Verify(world.setup(**options), repair=repair, chunk_rows=7).run()


def another(world: BackfillWorld, rows: int = 1) -> MemoryDatabase:
    """A server with the same identity and the same table, and few rows."""
    other = MemoryDatabase(Server("mariadb", (11, 4, 5), "11.4.5-MariaDB", "mariadb-1"))
    table = world.database.tables["shop.items"]
    other.create(table, [world.row(key) for key in range(rows)])
    return other


@pytest.mark.parametrize("repair", [False, True])
def test_another_server_that_was_started_at_another_time_is_refused(
    world: BackfillWorld, repair: bool
) -> None:
    lineage = msgspec.structs.replace(world.lineage, started=1_700_000_000)
    world.lineage = lineage
    world.save_checkpoint()
    other, before = another(world), world.index()
    other.started_at = 1_700_000_900
    with pytest.raises(SourceError, match="not the server that the relay reads: it was started"):
        verify(world, database=other, repair=repair, reads="mysql://b (--source)")
    assert world.index() == before
    assert world.state.reports.read("search") is None


def test_a_server_whose_binlog_ends_before_what_is_published_is_refused(
    world: BackfillWorld,
) -> None:
    world.write()
    world.drain()
    before = world.index()
    with pytest.raises(SourceError, match=r"its binlog ends at bin.000001:4, before bin.000001:5"):
        verify(world, database=another(world), repair=True)
    assert world.index() == before


def test_the_relays_own_server_is_named_in_the_report(world: BackfillWorld) -> None:
    report = verify(world, reads="reader@db:3306 (secret shop)", writes="elasticsearch (secret s)")
    assert report.reads == "server mariadb-1 at reader@db:3306 (secret shop)"
    assert (report.differences, report.writes) == (0, "elasticsearch (secret s)")


def empty(world: BackfillWorld, keep: int) -> None:
    """The table is emptied in a way that no event tells."""
    rows = world.database.visible["shop.items"]
    for key in sorted(rows)[keep:]:
        del rows[key]
        del world.rows[key[0]]


def test_a_repair_that_would_delete_much_asks_first(world: BackfillWorld) -> None:
    before, asked = world.index(), list[str]()
    empty(world, keep=2)
    gone = len(before) - 2
    with pytest.raises(DeletionRefused, match=rf"{gone} of {len(before)} documents have no row"):
        verify(world, repair=True)
    assert world.index() == before
    report = verify(world, repair=True, consent=lambda refused: not asked.append(refused.question))  # type: ignore[func-returns-value]
    assert asked == [
        f"table shop.items: {gone} of {len(before)} documents have no row and would be deleted. "
        "Delete them?"
    ]
    assert (report.extra, report.differences) == (gone, 0)
    assert world.index() == world.source()


def test_a_few_documents_are_deleted_without_a_question(world: BackfillWorld) -> None:
    empty(world, keep=len(world.rows) - 3)
    report = verify(world, repair=True)
    assert (report.extra, report.repaired, report.differences) == (3, 3, 0)
    assert world.index() == world.source()


def test_nothing_is_repaired_that_had_not_caught_up(world: BackfillWorld) -> None:
    before = world.index()
    empty(world, keep=len(world.rows) - 3)
    world.queue.depth = lambda: (1, 0)  # type: ignore[method-assign]
    report = verify(world, repair=True)
    assert (report.extra, report.repaired, report.differences, report.behind) == (3, 0, 3, True)
    assert world.index() == before


def with_cities(**stanza: Any) -> BackfillWorld:
    made = BackfillWorld(Random(1))
    made.pace = {made.commit: 1}
    rows = [{"id": key, "city": ("Bonn", "bonn", "Ulm", "Trier")[key % 4]} for key in range(10)]
    made.database.create(CITIES, rows)
    made.world.settings = consumer_settings(**stanza)
    made.world.consume = made.world.cold_start()
    return made


@pytest.mark.parametrize("repair", [False, True])
def test_ids_that_rows_share_are_differences_and_named(repair: bool) -> None:
    made = with_cities(id=["city"])
    Verify(made.setup(consent=lambda _: True), repair=True, chunk_rows=3).run()
    report = Verify(made.setup(), repair=repair, chunk_rows=3).run()
    assert {(one.kind, one.id) for one in report.listed} == {
        ("shared", "Bonn"),
        ("shared", "bonn"),
        ("shared", "Ulm"),
        ("shared", "Trier"),
    }
    assert (report.shared, report.differences, report.extra) == (4, 4, 0)


def test_a_row_that_cannot_be_a_document_does_not_make_its_document_extra() -> None:
    """A column came that maps to the field of another one."""
    made = with_cities()
    Verify(made.setup(), repair=True, chunk_rows=3).run()
    before = {id: held.body for id, held in made.world.search.indexes[ALIAS].items()}
    wider = msgspec.structs.replace(
        CITIES, columns=(*CITIES.columns, Column("a.b", "int"), Column("a_b", "int"))
    )
    rows = [{**row, "a.b": 1, "a_b": 2} for row in made.database.visible["shop.items"].values()]
    made.database.create(wider, rows)
    report = Verify(made.setup(), repair=True, chunk_rows=3).run()
    assert (report.refused, report.extra, report.differences) == (10, 0, 10)
    assert {one.reason for one in report.listed} == {"puts both a.b and a_b into the field a_b."}
    assert {id: held.body for id, held in made.world.search.indexes[ALIAS].items()} == before


def test_a_row_with_a_null_in_its_id_is_a_difference() -> None:
    made = with_cities(id=["city"])
    made.database.create(CITIES, [{"id": 1, "city": "Ulm"}, {"id": 2, "city": None}])
    report = Verify(made.setup(), repair=True, chunk_rows=3).run()
    assert (report.missing, report.refused, report.differences) == (1, 1, 1)


def test_a_column_that_came_later_is_no_difference_where_it_is_null(world: BackfillWorld) -> None:
    """ADD COLUMN with NULL everywhere makes no table due, and documents are as they were."""
    table = world.database.tables["shop.items"]
    wider = msgspec.structs.replace(table, columns=(*table.columns, Column("size", "int")))
    rows = [{**row, "size": None} for row in world.rows.values()]
    world.database.create(wider, rows)
    assert verify(world).differences == 0
    rows[0]["size"] = 4
    world.database.create(wider, rows)
    report = verify(world)
    assert [one.fields for one in report.listed] == [["size"]]


def test_a_table_that_stopped_is_not_compared(world: BackfillWorld) -> None:
    _, point = world.streams.load("shop")
    assert point
    stopped = {"shop.items": Stopped("has no key", "Add one.", 1)}
    capture = point.whole.stopping({"shop.items"}).text()
    held = msgspec.structs.replace(point, capture=capture, stopped=stopped)
    world.lease = world.streams.renew("shop", world.lease, held)
    with pytest.raises(StackError, match=r"shop\.items: is not captured now: it has no key"):
        Verify(world.setup(polling=Polling(lambda: world.now, lambda _: None))).run()


def test_an_interrupted_comparison_continues_with_the_tables_that_are_left(
    world: BackfillWorld,
) -> None:
    other = Table("shop", "other", (Column("id", "int", nullable=False),), ("id",))
    world.database.create(other, [{"id": 1}])
    tables = consumer_settings(tables=("shop.items", "shop.other"))
    source = SourceSettings("shop", "s", {"shop.*": TableSettings(shards=3)})
    compared: list[str] = []
    chunk = world.database.chunk

    def interrupted(table: Table, *args: Any, **options: Any) -> Any:
        compared.append(table.name)
        if table.name == "other" and "items" in compared:
            raise KeyboardInterrupt
        return chunk(table, *args, **options)

    world.database.chunk = interrupted  # type: ignore[method-assign]
    parts = {"consumer": tables, "source": source, "database": world.database}
    with pytest.raises(Exception, match="interrupted"):
        verify(world, **parts)
    compared.clear()
    report = verify(world, **parts)
    assert set(compared) == {"other"}
    assert (report.tables, report.missing) == ({"shop.items": len(world.rows), "shop.other": 1}, 1)
