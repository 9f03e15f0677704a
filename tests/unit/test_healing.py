"""Healing (long: one world): what the table lost is found in the binlog, and comes back once."""

import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from shared.adapters.lake.contract import Overtaken
from shared.domain.archive_ledger import Ledger, Span
from shared.domain.numbering import Numbering
from shared.flows.archive.auditing import audit
from shared.flows.archive.committing import Committer
from shared.flows.archive.healing import heal, wanted
from shared.flows.archive.numbers_given_up import give_up
from shared.flows.archive.relanding import reland
from shared.flows.archive.rereading_numbers import reread
from shared.flows.archive.rereading_segments import reread_segments
from shared.values import landing_encoding
from shared.values.change import Change
from shared.values.checkpoint import Checkpoint
from shared.values.coverage import CoverageSegment, SegmentStart
from shared.values.lineage import Lineage
from shared.values.message import Message
from shared.values.seq import make_seq
from shared.values.settings import TableSettings
from shared.values.table import Column, Table
from tests.tier import SEED, TIER
from tests.worlds.archive_world import EPOCH, STREAM
from tests.worlds.twins.binlog import MemoryBinlog
from tests.worlds.twins.binlog_server import MemoryServer
from tests.worlds.twins.lake import MemoryLake
from tests.worlds.twins.landing import MemoryLanding
from tests.worlds.twins.state import memory_state

TABLES = {"market.listings": TableSettings()}
LISTINGS = Table(
    "market",
    "listings",
    (Column("id", "int", nullable=False), Column("price", "int")),
    ("id",),
)
PLACE = (STREAM, EPOCH)


class HealingWorld:
    """A database whose changes are archived, and a table that loses some."""

    def __init__(self, dice: random.Random, transactions: int) -> None:
        self.server = MemoryServer()
        self.lake, self.landing, self.healing = MemoryLake(), MemoryLanding(), MemoryLanding()
        self.state = memory_state()
        for number in range(transactions):
            rows = [{"id": number * 10 + at, "price": at} for at in range(dice.randint(1, 4))]
            self.server.commit(self.server.insert(LISTINGS, *rows))
            if dice.random() < 0.1:
                self.server.rotate()
        self.changes = self.read()

    def binlog(self) -> MemoryBinlog:
        return MemoryBinlog(self.server, list(TABLES))

    def read(self) -> dict[int, Change]:
        """Number → change, as the relay published them."""
        numbering, binlog = Numbering(STREAM, TABLES), self.binlog()
        found = []
        for event in binlog.read(binlog.earliest(), until=binlog.latest()):
            found += numbering.take(event)
        found += numbering.rest()
        return {n: change for n, (_, _, change) in enumerate(found, 1)}

    def archive(self, numbers: list[int]) -> None:
        for n in numbers:
            change = self.changes[n]
            seq = make_seq(EPOCH, n)
            one = Change(
                **{**{f: getattr(change, f) for f in change.__struct_fields__}, "seq": seq}
            )
            message = Message(STREAM, STREAM, "market", "listings", 1, "g", None, [one])
            self.landing.put(f"{n:06d}", landing_encoding.encode([message]))
        Committer(self.landing, self.lake, lambda: 0).run(lambda: 300)

    def cover(self, before: int = 0, *, numbers: int = 0, server: str = "") -> None:
        """Store the segment and the checkpoint of a relay that published everything.

        before: the number before its first change. numbers: so many were given out; 0: all.
        """
        start = SegmentStart(1, make_seq(EPOCH, before))
        server = server or self.binlog().identity()
        self.state.coverage.append(
            STREAM, CoverageSegment(start, server, self.binlog().earliest(), tuple(TABLES))
        )
        lease, _ = self.state.streams.load(STREAM)
        mine = self.state.streams.acquire(STREAM, lease, "relay")
        last = before + (numbers or len(self.changes))
        end, lineage = self.binlog().latest(), Lineage(server)
        point = Checkpoint(end, make_seq(EPOCH, last), EPOCH, lineage, "{}", segment=start)
        self.state.streams.renew(STREAM, mine, point)

    def heal(self) -> list[str]:
        """Heal what an audit names; returns the ids of what was read again."""
        (found,) = audit(self.lake, self.state, (STREAM,))
        named = wanted(self.lake, [found])
        binlog = self.binlog()
        again = [
            *reread(binlog, STREAM, TABLES, b"", binlog.earliest(), named),
            *reread_segments(self.binlog(), self.state, STREAM, STREAM, TABLES, b"", named),
        ]
        ids = []
        for relanded in reland(again, self.state.schemas, self.healing):
            ids += [change.id for _, change in relanded.changes]
            heal(self.healing, self.lake, [relanded.name])
        return ids

    def held(self) -> dict[int, str]:
        return {
            n: id
            for batch in self.lake.scan(["n", "id"])
            for n, id in zip(*(column.to_pylist() for column in batch.columns), strict=True)
        }


@pytest.fixture
def worlds() -> Iterator[tuple[random.Random, HealingWorld]]:
    def each() -> Iterator[tuple[random.Random, HealingWorld]]:
        for number in range(TIER.archive_runs // 3):
            dice = random.Random(SEED * 7919 + number)
            yield dice, HealingWorld(dice, dice.randint(2, 40))

    return each()


@pytest.mark.soak
def test_what_was_removed_by_hand_or_never_came_is_named_and_comes_back(worlds: Any) -> None:
    for dice, world in worlds:
        numbers = list(world.changes)
        never = {n for n in numbers[1:-1] if dice.random() < 0.1}
        world.archive([n for n in numbers if n not in never])
        removed = {n for n in numbers if n not in never and dice.random() < 0.15}
        if len(removed) + len(never) == len(numbers):
            continue  # no row is left that shows the place of the others
        world.lake.remove(removed)
        (found,) = audit(world.lake, world.state, (STREAM,))
        named = {n for a, b in found.missing.spans for n in range(a, b + 1)}
        assert named == removed
        assert {n for a, b in found.absent.spans for n in range(a, b + 1)} == never
        ids = world.heal()
        assert sorted(ids) == sorted(world.changes[n].id for n in removed | never)
        assert world.held() == {n: change.id for n, change in world.changes.items()}
        (found,) = audit(world.lake, world.state, (STREAM,))
        assert found.complete
        assert not world.healing.objects


def test_only_what_the_binlog_still_has_comes_back() -> None:
    world = HealingWorld(random.Random(3), 30)
    world.archive(list(world.changes))
    world.server.rotate()
    world.server.commit(world.server.insert(LISTINGS, {"id": 9_000, "price": 1}))
    world.server.purge()
    world.lake.remove({2, 3})
    assert world.heal() == []
    (found,) = audit(world.lake, world.state, (STREAM,))
    assert found.missing.spans == [(2, 3)]


def test_a_span_whose_changes_do_not_fit_the_numbers_is_left_alone() -> None:
    """The stream counted changes that no event brings: nothing can be proved there."""
    world = HealingWorld(random.Random(4), 10)
    world.archive(list(world.changes))
    world.lake.remove({4, 5})
    (found,) = audit(world.lake, world.state, (STREAM,))
    (named,) = wanted(world.lake, [found])
    larger = msgspec.structs.replace(named, last=named.last + 1)
    binlog = world.binlog()
    assert list(reread(binlog, STREAM, TABLES, b"", binlog.earliest(), [larger])) == []


def test_healing_again_or_while_the_change_arrives_adds_nothing_twice() -> None:
    world = HealingWorld(random.Random(5), 20)
    world.archive(list(world.changes))
    world.lake.remove({6, 7})
    (found,) = audit(world.lake, world.state, (STREAM,))
    binlog = world.binlog()
    again = reread(binlog, STREAM, TABLES, b"", binlog.earliest(), wanted(world.lake, [found]))
    (relanded,) = reland(again, world.state.schemas, world.healing)
    body = world.healing.objects[relanded.name]
    raced = []
    append = world.lake.append

    def overtaken(head: Any, rows: Any, ledger: bytes) -> Any:
        if not raced:
            raced.append(True)
            raise Overtaken("somebody else has committed.")
        return append(head, rows, ledger)

    world.lake.append = overtaken  # type: ignore[method-assign]
    assert heal(world.healing, world.lake, [relanded.name]).rows == 2
    world.healing.objects[relanded.name] = body
    assert heal(world.healing, world.lake, [relanded.name]).rows == 0
    assert len(world.held()) == len(world.changes)


def test_what_was_removed_on_purpose_does_not_come_back() -> None:
    world = HealingWorld(random.Random(6), 20)
    world.archive(list(world.changes))
    head = world.lake.head()
    ledger = Ledger.decode(head.ledger)
    ledger.remove(PLACE, [5])
    (first, *others) = world.lake.files()
    del first, others
    world.lake.remove({5})
    files, _ = world.lake.versions[-1]
    world.lake.versions.append((files, ledger.encode()))
    (found,) = audit(world.lake, world.state, (STREAM,))
    assert found.complete
    assert world.heal() == []


def test_what_nobody_can_bring_back_is_given_up_and_no_audit_names_it() -> None:
    world = HealingWorld(random.Random(8), 20)
    last = max(world.changes)
    world.archive([n for n in world.changes if n not in (4, 5)])  # these were parked and dropped
    world.lake.remove({7})
    spans = [Span(*PLACE, 4, 5), Span(*PLACE, 6, 7)]
    assert give_up(world.lake, spans) == 3, "6 is in the table"
    assert give_up(world.lake, spans) == 0
    (found,) = audit(world.lake, world.state, (STREAM,))
    assert (found.complete, found.through, found.rows) == (True, last, last - 3)
    assert world.heal() == []
    world.archive([4])
    assert len(world.held()) == last - 3, "a late copy does not come back"


def test_giving_up_starts_over_when_somebody_commits_meanwhile() -> None:
    world = HealingWorld(random.Random(9), 20)
    world.archive([n for n in world.changes if n not in (4, 9)])
    append, raced = world.lake.append, list[int]()

    def overtaken(head: Any, rows: Any, ledger: bytes) -> Any:
        if not raced:
            raced.append(9)
            world.archive([9])
        return append(head, rows, ledger)

    world.lake.append = overtaken  # type: ignore[method-assign]
    assert give_up(world.lake, [Span(*PLACE, 4, 4), Span(*PLACE, 9, 9)]) == 1
    assert 9 in world.held()
    (found,) = audit(world.lake, world.state, (STREAM,))
    assert found.complete


def test_a_table_that_lost_every_row_is_healed_from_the_beginning_of_the_segment() -> None:
    world = HealingWorld(random.Random(10), 20)
    world.cover()
    world.archive(list(world.changes))
    world.lake.remove(set(world.changes))
    assert len(world.heal()) == len(world.changes)
    assert world.held() == {n: change.id for n, change in world.changes.items()}
    (found,) = audit(world.lake, world.state, (STREAM,))
    assert found.complete


@pytest.mark.parametrize("how", [{"numbers": 7}, {"server": "another"}], ids=str)
def test_a_segment_that_cannot_be_proved_heals_nothing(how: dict[str, Any]) -> None:
    """Another number of changes lies there, or another server answers."""
    world = HealingWorld(random.Random(11), 20)
    world.cover(**how)
    world.archive(list(world.changes))
    world.lake.remove(set(world.changes))
    assert world.heal() == []
