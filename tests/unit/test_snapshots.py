"""Snapshots (long: one world): wherever creating is killed, the rows and the changes above
each row's number give exactly the source.
"""

import json
from dataclasses import replace
from random import Random
from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from shared.domain.polling import Polling
from shared.flows.job_slice import JobSlice
from shared.flows.jobs.job_lease import Tenure
from shared.flows.jobs.job_setup import JobSetup
from shared.flows.jobs.slice_end import RESERVE_SECONDS
from shared.flows.jobs.submission import submit
from shared.flows.snapshots.creating import Creating
from shared.flows.snapshots.row_snapshot_retention import remove_expired
from shared.flows.snapshots.snapshot_answers import Created, Tended
from shared.flows.snapshots.snapshot_setup import SnapshotSetup
from shared.flows.snapshots.tending import tend
from shared.flows.snapshots.verifying import verify
from shared.values.change import Row
from shared.values.due_cause import DueCause
from shared.values.errors import StackError
from shared.values.job import Wanted
from shared.values.seq import make_seq
from shared.values.settings import ConsumerSettings
from shared.values.snapshot import Readout, Snapshot, latest_of
from shared.values.snapshot_work import SnapshotWork
from tests.tier import TIER
from tests.worlds.backfill_world import BackfillWorld
from tests.worlds.killed import Killed
from tests.worlds.twins.snapshots import MemorySnapshotStore, MemorySnapshotTable

ARCHIVE = ConsumerSettings("archiveShop", "shop", ("shop.*",), {"kind": "archive"}, marks=False)


class SnapshotWorld(BackfillWorld):
    """A source that changes while a snapshot of it is taken and packed."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.store, self.table = MemorySnapshotStore(), MemorySnapshotTable()
        self.now_s = 1_700_000_000.0

    def create(self, **options: Any) -> Created:
        setup = self.setup(
            consumer=ARCHIVE, snapshots=self.between(self.store), claims=self.claims, **options
        )
        return Creating(setup, chunk_rows=self.chunk).run()

    def snapshot_setup(self, left: float = 900.0, keep_days: int = 35) -> SnapshotSetup:
        return SnapshotSetup(
            self.between(self.store),
            self.between(self.table),
            self.state.leases,
            keep_days,
            f"run {self.random.random()}",
            lambda: left,
            lambda: self.now_s,
        )

    def until_packed(self) -> Snapshot:
        while not self.store.manifests:
            try:
                tend(self.snapshot_setup())
            except Killed:
                self.now_s += 200  # until the lease of the dead run is over
        return self.store.all()[0]

    def state_from(self, snapshot: Snapshot) -> dict[str, Row]:
        """The rows of the snapshot, and every change with a higher number than its row's."""
        rows: dict[str, tuple[int, Row]] = {}
        for batch in self.table.rows(snapshot.id, "shop.items", ["key", "epoch", "n", "after"]):
            for key, epoch, n, after in zip(*(each.to_pylist() for each in batch), strict=True):
                id = str(json.loads(key)["id"])
                assert id not in rows, "a row is twice in the snapshot"
                rows[id] = (make_seq(epoch, n), json.loads(after))
        state = {id: row for id, (_, row) in rows.items()}
        held = snapshot.tables["shop.items"]
        for seq, change in zip(self.numbers, self.log, strict=True):
            id = str(change.key["id"])
            if seq <= (rows[id][0] if id in rows else held.floor):
                continue
            if change.after is None:
                state.pop(id, None)
            else:
                state[id] = change.after
        return state


@pytest.mark.soak
@pytest.mark.usefixtures("long_polls")
@given(seed=st.integers(0, 2**32), kill_rate=st.sampled_from([0.0, 0.02, 0.1]))
@settings(max_examples=TIER.backfill_runs, deadline=None, suppress_health_check=list(HealthCheck))
def test_snapshot_and_later_changes_are_the_source(seed: int, kill_rate: float) -> None:
    world = SnapshotWorld(Random(seed))
    for _ in range(world.random.randrange(30)):
        world.step()
    world.kill_rate = kill_rate
    for life in range(200):
        if life == 150:
            world.kill_rate = 0.0
        try:
            world.create()
        except Killed:
            continue
        break
    snapshot = world.until_packed()
    world.kill_rate = 0.0
    world.drain()
    assert world.state_from(snapshot) == world.source()
    assert snapshot.tables["shop.items"].ceiling >= snapshot.tables["shop.items"].floor
    assert snapshot.rows == sum(each.rows for each in snapshot.files)
    tend(world.snapshot_setup())
    assert not world.store.held
    assert not world.store.ready
    assert not verify(world.snapshot_setup(), snapshot.id).problems


def whole(seed: int = 1) -> tuple[SnapshotWorld, Snapshot]:
    world = SnapshotWorld(Random(seed))
    world.create()
    return world, world.until_packed()


def test_a_process_that_was_thought_dead_changes_nothing() -> None:
    world = SnapshotWorld(Random(3))
    world.create()
    (readout,) = world.store.readouts()
    (table,) = readout.tables.values()
    part = next(iter(world.store.held.values()))
    for number in range(table.parts + 1):
        world.store.held[readout.id, "shop.items", number, 99] = part
    snapshot = world.until_packed()
    world.drain()
    assert world.state_from(snapshot) == world.source()


def test_a_part_that_is_damaged_or_missing_is_named() -> None:
    world = SnapshotWorld(Random(4))
    world.create()
    place = next(iter(world.store.held))
    body = world.store.held[place]
    world.store.held[place] = body[:-5] + bytes(5)
    with pytest.raises(StackError):
        world.until_packed()
    del world.store.held[place]
    with pytest.raises(StackError):
        world.until_packed()
    assert not world.store.manifests


def test_verify_names_what_the_table_lacks() -> None:
    world, snapshot = whole()
    world.table.drop([snapshot.id])
    found = verify(world.snapshot_setup(), snapshot.id)
    assert len(found.problems) == 2 * len(snapshot.files)
    assert "is gone" in found.problems[-1]


def test_a_snapshot_expires_with_its_rows() -> None:
    world, snapshot = whole()
    tend(world.snapshot_setup())
    assert world.table.files
    world.now_s = snapshot.expires_ms / 1000 + 1
    assert tend(world.snapshot_setup()).expired == [snapshot.id]
    assert not world.store.manifests
    assert not world.table.files


@pytest.mark.parametrize("call", range(1, 9))
def test_a_snapshot_that_a_run_beside_this_one_completes_keeps_its_rows(call: int) -> None:
    world, snapshot = whole()
    later = msgspec.structs.replace(snapshot, id=f"{snapshot.id}-later")
    readout = Readout(later.id, later.source, "s", 1, 1, {})
    world.store.put_readout(readout)
    for (_, *place), rows in list(world.table.files.items()):
        world.table.files[later.id, *place] = rows  # type: ignore[index]
    calls = 0

    def beside(inner: Any) -> Any:
        def called(name: str) -> Any:
            def each(*args: Any, **options: Any) -> Any:
                nonlocal calls
                found = getattr(inner, name)(*args, **options)
                calls += 1
                if calls == call:
                    world.store.put(later)
                    world.store.done(readout)
                return found

            return each

        return SimpleNamespace(**{name: called(name) for name in dir(inner) if name[0] != "_"})

    remove_expired(
        replace(world.snapshot_setup(), store=beside(world.store), table=beside(world.table)),
        Tended(),
    )
    held = {id for id, *_ in world.table.files}
    assert held >= {snapshot.id, later.id}


def test_too_little_time_leaves_the_rest_for_the_next_run() -> None:
    world = SnapshotWorld(Random(5))
    world.create()
    assert tend(world.snapshot_setup(left=1.0)).left
    assert not world.store.manifests
    assert world.until_packed().rows


def test_the_rows_a_second_are_bounded() -> None:
    world = SnapshotWorld(Random(6))
    began = world.now
    rows = world.create(most_rows=1).rows
    assert rows > 1
    assert world.now - began >= rows


@pytest.mark.parametrize("when", ["before the first row", "after the last row"])
def test_slices_wait_for_the_same_place_in_the_binlog(when: str) -> None:
    """Of a relay that is behind by many slices, and a source that writes as fast as it reads."""
    world = SnapshotWorld(Random(2))
    world.pace = {world.commit: 1}
    read = world.database.chunk

    def write(times: int) -> None:
        for _ in range(times):
            world.write()
        world.commit()

    def chunk(*args: Any, **options: Any) -> list[Row]:
        rows = read(*args, **options)
        write(200 if when == "after the last row" else 0)
        return rows

    def sleep(seconds: float) -> None:
        world.now += seconds
        write(1)
        world.publish()
        world.checkpointed = min(world.published, world.checkpointed + 1)
        world.lease = world.streams.renew("shop", world.lease, world.checkpoint())

    def setup(_: str, tenure: Tenure) -> JobSetup:
        return world.setup(consumer=ARCHIVE, snapshots=world.store, tenure=tenure)

    write(200 if when == "before the first row" else 0)
    world.database.chunk = chunk  # type: ignore[method-assign]
    polling = Polling(lambda: world.now, sleep)
    world.sleep = sleep  # type: ignore[method-assign]
    submit(
        world.state.jobs,
        ARCHIVE.name,
        SnapshotWork(),
        Wanted(),
        by="ann@desk",
        now_ms=lambda: 1,
        polling=polling,
    )
    ended = []
    while world.state.jobs.current(ARCHIVE.name, "fill"):
        ends = world.now + RESERVE_SECONDS + 15
        one = JobSlice(
            world.state,
            setup,
            setup,  # type: ignore[arg-type]
            sharing_source=lambda _: [],
            by="lambda 1",
            left=lambda ends=ends: ends - world.now,  # type: ignore[misc]
            now_ms=lambda: 1,
            polling=polling,
        )
        ended.append(one.run(ARCHIVE.name, "fill")[0])
        assert len(ended) < 60
    assert ended[-1] == "done"
    assert len(ended) > 5
    assert set(ended[:-1]) == {"continues"}


def test_the_latest_snapshot_of_a_table() -> None:
    _, snapshot = whole()
    newer = msgspec.structs.replace(snapshot, id="b", began_ms=snapshot.began_ms + 1, tables={})
    assert latest_of([newer, snapshot], "shop.items") == snapshot
    assert latest_of([newer, snapshot], "shop.items", "other") is None


def test_it_notes_what_its_tables_were_due_for_when_it_began() -> None:
    world = SnapshotWorld(Random(3))
    world.state.dues.note_source("shop", "shop.items", DueCause("tx/1", "ALTER IGNORE"))
    world.state.dues.note_source("shop", "shop.*", DueCause("tx/2", "RENAME"))
    chunk = world.database.chunk

    def later(*args: Any, **options: Any) -> list[Row]:
        world.state.dues.note_source("shop", "shop.items", DueCause("tx/3", "PRIMARY KEY"))
        return chunk(*args, **options)

    world.database.chunk = later  # type: ignore[method-assign]
    world.create()
    assert world.until_packed().tables["shop.items"].dues == ("tx/1", "tx/2")
