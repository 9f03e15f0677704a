"""What a check says beyond mistakes: what it could not ask, and what a deployment will leave."""

import msgspec
import pytest

from shared.adapters.topic.contract import Entry
from shared.flows.health.blocking_findings import holds_up
from shared.flows.health.removed_consumers import check_removed_consumers
from shared.values.capture_configuration import CaptureConfiguration
from shared.values.checkpoint import Checkpoint
from shared.values.errors import ConfigError, SourceUnavailable, StackError
from shared.values.finding import Finding
from shared.values.lineage import Lineage
from shared.values.mask_key import mask_key_fingerprint
from shared.values.position import Position
from shared.values.settings import SourceSettings, StageSettings, TableSettings
from tests.worlds.consumer_world import consumer_settings, parked_change
from tests.worlds.folder_world import FolderWorld
from tests.worlds.memory_parts import MemoryParts
from tests.worlds.twins.database import MemoryDatabase
from tests.worlds.twins.queue import MemoryQueue

ITEMS = {"shop.items": TableSettings()}


def settings(tables: dict[str, TableSettings] = ITEMS, **sources: SourceSettings) -> StageSettings:
    shop = SourceSettings("shop", "secret", tables)
    return StageSettings(
        "rowline", "dev", {"shop": shop, **sources}, {"search": consumer_settings()}
    )


def test_a_database_that_does_not_answer_is_said_and_the_cluster_is_still_asked() -> None:
    world = FolderWorld(settings())

    class Away(MemoryDatabase):
        def sizes(self) -> list[object]:  # type: ignore[override]
            raise SourceUnavailable("does not answer.", thing="db:3306", hint="Is it up?")

    world.shop = Away()
    world.cluster.plain = {"shop-items"}
    found = {one.thing: one for one in world.check()}
    assert found["source shop"].level == "warn"
    assert found["source shop"].what == "was not compared: db:3306: does not answer"
    assert "index of its own" in found["consumers.search.elasticsearch"].what


def test_a_cluster_that_does_not_answer_is_said_and_the_database_is_still_asked() -> None:
    world = FolderWorld(settings({"shop.items": TableSettings(drop=("nope",))}))
    world.cluster.down = True
    levels = {one.thing: one.level for one in world.check()}
    assert levels == {"table shop.items": "fail", "sink of search": "warn"}


def test_a_secret_that_is_missing_is_no_mistake_of_the_stanzas() -> None:
    world = FolderWorld(settings())

    def missing(source: str | None = None) -> MemoryDatabase:
        raise ConfigError("cannot be read: ResourceNotFoundException.", thing="secret s")

    world.database = missing  # type: ignore[method-assign]
    (found,) = world.check()
    assert (found.level, found.stanza) == ("fail", "")
    assert not holds_up(found, world.settings, None)


def checkpoint(tables: dict[str, TableSettings], key: str = "") -> Checkpoint:
    return Checkpoint(
        position=Position(file="bin.000001", offset=4),
        seq=1,
        epoch=1,
        capture=CaptureConfiguration(tables, mask_key=key).text(),
        lineage=Lineage(server="mariadb-1"),
    )


@pytest.mark.parametrize(
    ("before", "after", "columns"),
    [
        (TableSettings(), TableSettings(drop=("note",)), "note"),
        (TableSettings(mask={"note": "hash"}), TableSettings(mask={"note": "redact"}), "note"),
        (TableSettings(drop=("note",)), TableSettings(), "note"),
        (TableSettings(drop=("note",)), TableSettings(drop=("note",), clear=("city",)), ""),
    ],
)
def test_columns_that_become_hidden_make_a_backfill_due(
    before: TableSettings, after: TableSettings, columns: str
) -> None:
    world = FolderWorld(settings({"shop.items": after}))
    world.checkpoints["shop"] = checkpoint({"shop.items": before})
    found = world.check()
    assert [f"({columns})" in one.what for one in found] == ([True] if columns else [])
    for one in found:
        assert one.level == "warn"
        assert "rowline resync search --tables 'shop.items'" in one.fix


@pytest.mark.parametrize(
    ("known", "level"), [("", "ok"), (mask_key_fingerprint(b"k" * 40), "ok"), ("other", "warn")]
)
def test_a_changed_mask_key_makes_hashed_tables_due(known: str, level: str) -> None:
    tables = {"shop.items": TableSettings(mask={"note": "hash"})}
    world = FolderWorld(settings(tables))
    world.mask_key = lambda source: b"k" * 40  # type: ignore[method-assign]
    world.checkpoints["shop"] = checkpoint(tables, known)
    assert max(["ok", *(one.level for one in world.check() if one.table)]) == level


def test_the_start_is_not_looked_at_once_the_stream_has_begun() -> None:
    shop = SourceSettings("shop", "secret", ITEMS, start="bin.000999:4")
    world = FolderWorld(settings(shop=shop))
    assert [one.stanza for one in world.check()] == ["sources.shop.start"]
    world.checkpoints["shop"] = checkpoint(ITEMS)
    assert world.check() == []


def test_a_table_of_another_relay_leads_to_that_relays_stanza() -> None:
    more = SourceSettings(
        "more", "secret", {"shop.sizes": TableSettings(drop=("nope", "a.b"))}, relay_of="shop"
    )
    found = FolderWorld(settings(more=more)).check()
    assert [one.stanza for one in found] == ["sources.more.tables.shop.sizes.drop"]


def test_a_mistake_that_is_deployed_already_holds_up_nothing() -> None:
    declared = settings({**ITEMS, "shop.log": TableSettings()})
    finding = Finding(
        "table shop.log",
        "fail",
        "has no primary key",
        stanza="sources.shop.tables.shop.log",
        table="shop.log",
    )
    assert holds_up(finding, declared, None)
    assert holds_up(finding, declared, settings())
    assert not holds_up(finding, declared, declared)
    other = Finding("x", "fail", "is wrong", stanza="consumers.search.elasticsearch.id")
    assert not holds_up(other, declared, declared)
    renamed = msgspec.structs.replace(
        declared, consumers={"search": consumer_settings(fields=["id"])}
    )
    assert holds_up(other, renamed, declared)
    assert not holds_up(msgspec.structs.replace(finding, level="warn"), declared, None)


@pytest.mark.parametrize(
    ("now", "level", "what"),
    [
        (TableSettings(), "", ""),
        (TableSettings(shards=128), "fail", "has 128 shards; its rows went to 64 shards so far"),
        (TableSettings(shard_by=("city",)), "fail", "has 64 shards by city; its rows went to 64"),
        (TableSettings(key=("code",)), "warn", "has another key in the stanza"),
    ],
)
@pytest.mark.parametrize("from_another_relay", [False, True])
def test_rows_keep_their_groups_also_when_a_table_moves_to_another_relay(
    now: TableSettings, level: str, what: str, from_another_relay: bool
) -> None:
    others = {"shop.photos": TableSettings()}
    second = SourceSettings("shop-2", "secret", others, relay_of="shop")
    declared = settings({"shop.items": now}, **{"shop-2": second})
    world = FolderWorld(declared)
    mine, theirs = {"shop.items": TableSettings()}, others
    if from_another_relay:
        mine, theirs = {}, mine | others
    world.checkpoints[declared.sources["shop"].stream] = checkpoint(mine)
    world.checkpoints[declared.sources["shop-2"].stream] = checkpoint(theirs)
    found = [one for one in world.check() if "shards" in one.what or "another key" in one.what]
    assert [(one.level, one.thing) for one in found] == (
        [(level, "table shop.items")] if level else []
    )
    assert all(one.what.startswith(what) for one in found)
    assert all(holds_up(one, declared, settings()) == (level == "fail") for one in found)


def test_a_consumer_is_not_removed_with_what_it_has_still_to_apply() -> None:
    deployed, none = settings(), msgspec.structs.replace(settings(), consumers={})
    parts = MemoryParts(deployed)
    assert check_removed_consumers(none, parts) == []
    parts.state.parked.add("search", parked_change("a", 1), "{}")
    parts.queue("search").send([Entry("{}", "g", "d", {})])
    (found,) = check_removed_consumers(none, parts)
    assert "1 message in its queue would be lost" in found.what
    assert "1 parked change could not be redriven" in found.what
    assert holds_up(found, none, deployed)
    assert check_removed_consumers(deployed, parts) == []


def test_a_removal_that_cannot_be_examined_is_only_said() -> None:
    class Away(MemoryParts):
        def queue(self, consumer: str) -> MemoryQueue:
            raise StackError("has no queue.", thing=consumer)

    none = msgspec.structs.replace(settings(), consumers={})
    (found,) = check_removed_consumers(none, Away(settings()))
    assert found.level == "warn"
    assert not holds_up(found, none, settings())
