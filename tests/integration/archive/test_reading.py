"""History on the archive as its committer writes it, asked through Athena."""

import random
from datetime import UTC, datetime, timedelta

import boto3
import msgspec
import pyarrow as pa
import pytest

from shared.adapters import aws as clients
from shared.adapters.archive_table.glue import GlueArchiveTable
from shared.adapters.athena.athena import AwsAthena
from shared.adapters.snapshots.iceberg import IcebergSnapshots
from shared.adapters.snapshots.snapshots_columns import ARROW
from shared.domain.archive_views import View
from shared.domain.athena_query import ask, rows
from shared.flows.history.history import row_at, row_history
from shared.flows.history.history_json import moment_answer
from shared.flows.history.history_setup import HistorySetup
from shared.flows.history.make_views import ViewsMade, make_views
from shared.values import landing_encoding
from tests.integration.archive.conftest import ArchivePlace
from tests.tier import TIER
from tests.worlds.past_world import SOURCE, STREAM, PastWorld
from tests.worlds.twins.snapshots import MemorySnapshotStore


def opened(place: ArchivePlace, world: PastWorld) -> HistorySetup:
    """The world's changes landed and committed in two commits, and the parts that read them."""
    half = len(world.messages) // 2
    for messages in (world.messages[:half], world.messages[half:]):
        name = landing_encoding.name_of([(each.stream, each.changes[0]) for each in messages])
        place.landing.put(name, landing_encoding.encode(messages))
        place.committer.run(lambda: 300)
    results = {"OutputLocation": f"s3://{place.bucket}/results/"}
    boto3.client("athena").create_work_group(
        Name=place.database, Configuration={"ResultConfiguration": results}
    )
    athena = AwsAthena(clients.client, place.database, place.database)
    table = GlueArchiveTable(clients.client, place.database)
    return HistorySetup(athena, table, world.state, {STREAM: SOURCE}, MemorySnapshotStore())


@pytest.mark.soak
def test_rows_at_times_are_what_they_were(place: ArchivePlace) -> None:
    world = PastWorld(11).run(300)
    setup = opened(place, world)
    chosen = random.Random(11)
    exist = 0
    for _ in range(TIER.archive_questions):
        key = chosen.choice(sorted(world.keys))
        at_ms = chosen.randrange(world.past[0][0] - 5, world.end_ms + 5)
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)
        text = msgspec.json.encode({"tenant": key[0], "id": key[1]}).decode()
        found = row_at(setup, "market.listings", text, at)
        expected = world.true_row(key, at_ms)
        assert (found.found.state == "exists") is (expected is not None)
        told = {name: msgspec.json.decode(raw) for name, raw in (found.found.row or {}).items()}
        for name in told.keys() - set(found.found.assumed):
            assert expected is not None
            assert told[name] == expected[name]
        exist += expected is not None
    assert exist > TIER.archive_questions // 10


def test_an_answer_says_how_far_the_archive_is(place: ArchivePlace) -> None:
    world = PastWorld(12).run(60)
    setup = opened(place, world)
    key = min(world.keys)
    text = msgspec.json.encode({"tenant": key[0], "id": key[1]}).decode()
    told = row_history(setup, "listings", text)
    last = world.rows[-1]
    (through,) = told.archive.through
    assert (through.stream, through.epoch, through.n) == (STREAM, last["epoch"], last["n"])
    end = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=world.end_ms)
    last_at = last["committed_at"].replace(tzinfo=UTC)
    assert timedelta(microseconds=through.at_us) == last_at - datetime(1970, 1, 1, tzinfo=UTC)
    assert told.scanned > 0
    later = moment_answer(row_at(setup, "listings", text, end + timedelta(days=1)))
    assert later["complete"] is False
    at_last = moment_answer(row_at(setup, "listings", text, last_at))
    assert at_last["complete"] is False  # another change may have the same time
    earlier = moment_answer(row_at(setup, "listings", text, last_at - timedelta(milliseconds=1)))
    assert earlier["complete"] is True


def test_views_are_made_in_glue_and_made_again(place: ArchivePlace) -> None:
    world = PastWorld(13).run(80)
    setup = opened(place, world)
    made: list[View] = []
    assert make_views(setup, made.append) == make_views(setup) == ViewsMade([], [])
    assert [view.name for view in made] == ["listings_changes", "listings_rows"]
    kinds = {
        each["Name"]: each["TableType"]
        for each in boto3.client("glue").get_tables(DatabaseName=place.database)["TableList"]
    }
    assert kinds["listings_rows"] == kinds["listings_changes"] == "VIRTUAL_VIEW"
    done = ask(setup.athena, "SELECT tenant, id FROM listings_rows WHERE id > ?", [0])
    found = sorted((tenant, int(id or 0)) for tenant, id in rows(setup.athena, done.id))
    assert found == sorted(key for key in world.keys if world.true_row(key, world.end_ms))


def test_a_row_that_never_changed_is_known_from_a_snapshot(place: ArchivePlace) -> None:
    world = PastWorld(3).run(5)
    world.begin_archive()
    still = sorted(world.keys)[0]
    key = msgspec.json.encode({"tenant": still[0], "id": still[1]}).decode()
    world.run(5)
    world.wait(ms=600_000)
    world.read()
    world.wait(ms=600_000)
    world.run(5)
    setup = opened(place, world)
    at = datetime.fromtimestamp(world.end_ms / 1000, UTC)
    before = row_at(setup, "listings", key, at)
    read = pa.Table.from_pylist(world.snapshots, ARROW)
    IcebergSnapshots(place.bucket, place.database).add("weekly", "market.listings", 0, 0, read)
    found = row_at(setup, "listings", key, at)
    assert (before.found.state, found.found.state) == ("unknown", "exists")
    assert found.found.row is not None
    told = {name: msgspec.json.decode(raw) for name, raw in found.found.row.items()}
    assert told == world.true_row(still, world.end_ms)
