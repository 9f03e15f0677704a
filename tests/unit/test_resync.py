"""A resync leads to the source, whatever happened that no event told."""

from random import Random
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from shared.adapters.search.contract import Action
from shared.domain.deletion_limit import DeletionRefused
from shared.domain.open_dues import open_dues
from shared.domain.sink import Outcome, Slice
from shared.flows.backfill.backfill import Backfill
from shared.flows.consume.consume import Consume
from shared.flows.jobs import awaiting_consumer
from shared.flows.verify.verify import Verify
from shared.values.due_cause import DueCause
from shared.values.errors import ConfigError, StackError
from shared.values.job import ResyncWork
from shared.values.message import decode
from tests.worlds.backfill_world import SOURCE, BackfillWorld
from tests.worlds.consumer_world import ALIAS
from tests.worlds.killed import Killed

TABLE = "shop.items"


@pytest.fixture
def world() -> BackfillWorld:
    made = BackfillWorld(Random(1), keys=40)
    made.pace = {made.commit: 1}
    made.backfill()
    return made


def due(world: BackfillWorld, cause: str = "0-1-7@1") -> None:
    world.state.dues.note_source("shop", TABLE, DueCause(cause, "ALTER IGNORE"))


def is_due(world: BackfillWorld) -> list[str]:
    return [one.why for one in open_dues(world.state.dues, world.world.settings, SOURCE)]


def vanish(world: BackfillWorld, keys: list[int]) -> None:
    """Rows go without an event."""
    world.database.commit()
    for key in keys:
        world.database.visible[TABLE].pop((key,), None)
        world.rows.pop(key, None)


def test_documents_without_a_row_go_and_the_due_is_settled(world: BackfillWorld) -> None:
    gone = sorted(world.rows)[:4]
    vanish(world, gone)
    due(world)
    report = world.resync()
    assert (report.tables, report.ghosts) == ([TABLE], 4)
    assert world.index() == world.source()
    assert is_due(world) == []
    assert world.resync().tables == [], "nothing is due"


def test_a_backfill_settles_only_where_it_finds_no_document_without_a_row(
    world: BackfillWorld,
) -> None:
    due(world, "1")
    assert (world.backfill().ghosts, is_due(world)) == (0, [])
    vanish(world, sorted(world.rows)[:2])
    due(world, "2")
    before = world.index()
    assert (world.backfill().ghosts, is_due(world)) == (2, ["ALTER IGNORE"])
    assert world.index() == before


def test_a_statement_while_it_runs_stays_due(world: BackfillWorld) -> None:
    due(world, "1")
    world.resync(show=lambda now: due(world, "2") if now.table else None)
    assert is_due(world) == ["ALTER IGNORE"]


def test_much_is_deleted_with_consent_only_and_the_job_continues_where_it_asked(
    world: BackfillWorld,
) -> None:
    vanish(world, sorted(world.rows)[1:])
    due(world)
    before = world.index()
    with pytest.raises(DeletionRefused, match="--yes"):
        world.resync(consent=lambda _: False)
    assert set(world.index()) == set(before)
    held = world.state.jobs.current("search", "fill")
    assert held
    assert (held.state, is_due(world)) == ("failed", ["ALTER IGNORE"])
    with pytest.raises(ConfigError, match=r"resync .* is under way"):
        world.backfill()
    report = world.resync()
    assert (report.job, report.rows) == (held.id, 1)
    assert world.index() == world.source()


def test_documents_under_the_ids_of_another_key_do_not_survive(world: BackfillWorld) -> None:
    """The key changed: documents have ids that now belong to other rows, or to none."""
    held = world.world.search.indexes["shop-items"]
    for id, document in list(held.items()):
        if document.body is not None:
            held[str(int(id) + 3)] = type(document)(document.version, document.body)
    due(world)
    world.resync()
    assert world.index() == world.source()
    report = Verify(world.setup(), chunk_rows=7).run()
    assert report.differences == 0


class UnlistableSink:
    """A sink that cannot list what it holds."""

    def __init__(self) -> None:
        self.held: dict[str, int] = {}

    def apply(self, slice: Slice) -> list[Outcome]:
        for each in slice.arrivals:
            change = each.change
            if change.op == "t":
                self.held = {key: seq for key, seq in self.held.items() if seq >= change.seq}
            else:
                self.held[str(change.key["id"])] = change.seq
        return [Outcome("applied")] * len(slice.arrivals)

    def probe(self) -> str:
        return ""


def test_a_sink_that_cannot_list_what_it_holds_is_emptied_first(world: BackfillWorld) -> None:
    sink, inner = UnlistableSink(), world.world
    sink.held = {"ghost": 1}
    inner.consume = Consume(inner.settings, sink, inner.state, inner.claims, inner.queue)
    world.write()
    world.drain()
    due(world)
    report = Backfill(world.setup(sink=sink), ResyncWork, chunk_rows=7).run()
    assert set(sink.held) == set(world.source())
    assert (report.rows, is_due(world)) == (len(world.rows), [])


def test_rows_that_another_server_had_are_read_again(world: BackfillWorld) -> None:
    """The server is replaced while a table is read: what its SELECT saw may be lost."""
    due(world)
    sent, send, chunk = list[Any](), world.queue.send, world.database.chunk
    world.queue.send = lambda entries: (sent.extend(entries), send(entries))[1]  # type: ignore[method-assign]

    def replaced(*args: Any, **options: Any) -> Any:
        found = chunk(*args, **options)
        if not world.lineage.started:
            world.write()  # what the relay has not published when the server is replaced
            world.lineage = msgspec.structs.replace(world.lineage, started=1_700_000_000)
            world.epoch, world.base = world.epoch + 1, world.published
        return found

    world.database.chunk = replaced  # type: ignore[method-assign]
    world.resync(database=world.database)
    rows = [change for entry in sent for change in decode(entry.body).changes]
    assert len(rows) > len(world.rows), "the first chunk was sent twice"
    assert world.index() == world.source()


def test_a_message_that_is_never_applied_is_not_waited_for_without_end(
    world: BackfillWorld,
) -> None:
    due(world)
    world.deliver = lambda most=2: None  # type: ignore[method-assign]
    with pytest.raises(StackError, match="has applied none of 3 messages, of group"):
        world.resync()
    world.queue.groups.clear()
    with pytest.raises(StackError, match=r"its queue is empty, but .* SQS moved them"):
        world.resync(queue=Deaf(world))
    assert awaiting_consumer.MOVED_SECONDS < awaiting_consumer.STALLED_SECONDS


class Deaf:
    """A queue whose messages are moved to a DLQ as soon as they come."""

    def __init__(self, world: BackfillWorld) -> None:
        self.send = lambda entries: [None] * len(entries)
        self.depth = lambda: (0, 0)


@given(
    seed=st.integers(0, 2**32),
    kill_rate=st.sampled_from([0.0, 0.02, 0.1]),
    failing=st.sampled_from([0.0, 0.3]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_property_killed_anywhere_it_ends_as_the_source(
    seed: int, kill_rate: float, failing: float
) -> None:
    """Rows change meanwhile, ghosts lie about, the process is killed between any two steps."""
    random = Random(seed)
    world = BackfillWorld(random)
    world.backfill()
    world.drain()
    vanish(world, random.sample(range(12), 4))
    search = world.world.search
    search.ensure_index(ALIAS, {})
    search.bulk([Action(ALIAS, f"{word}2{key}", 3, {}) for key in range(4) for word in ("", "x")])
    due(world)
    for _ in range(random.randrange(20)):
        world.step()
    world.kill_rate, world.queue.failing = kill_rate, failing
    for life in range(300):
        if life == 200:
            world.kill_rate = 0.0
        try:
            world.resync()
        except Killed:
            continue
        break
    world.kill_rate = 0.0
    assert is_due(world) == []
    world.world.search.forget_deletions()
    world.drain()
    assert world.index() == world.source()
