"""The world in which tables cannot be captured for a while: each stops alone, and resumes."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace

from shared.flows.relay.capture.coverage_segments import segment_of
from shared.values.capture_configuration import read_configuration
from shared.values.checkpoint import Checkpoint
from shared.values.coverage import CoverageSegment, covered
from shared.values.finding import Finding
from shared.values.message_group import group_id
from shared.values.position import Position
from shared.values.seq import split_seq
from shared.values.table import Table
from tests.worlds.relay.simulated import SimulatedChange, SimulatedServer, SimulatedTransaction
from tests.worlds.relay.world import SOURCE, TABLES, Relay, RelayWorld

KEYLESS = {
    name: Table(table.database, table.name, table.columns, ()) for name, table in TABLES.items()
}


class StoppingWorld(RelayWorld):
    """Tables have faults: `no key` shows in the database, `bad rows` only when one is read."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: dict[str, str] = {}
        self.faulty: set[str] = set()  # tables with which something was wrong at some time
        self.cuts: set[tuple[str, str]] = set()  # table and transaction in which it stopped
        self.resumed = 0

    def alter(self, name: str, fault: str) -> None:
        """A statement changes the table."""
        if fault:
            self.faults[name] = fault
            self.faulty.add(TABLES[name].full_name)
        else:
            self.faults.pop(name, None)

    def transaction(self, ops: list[SimulatedChange]) -> SimulatedTransaction:
        broken = [
            (KEYLESS[table.name] if self.faults.get(table.name) == "no key" else table, *rest)
            for table, *rest in ops
        ]
        bad = [TABLES[name].full_name for name, what in self.faults.items() if what == "bad rows"]
        return SimulatedTransaction(broken, self.at, unreadable=frozenset(bad))

    def readable(self) -> SimulatedServer:
        history = [
            replace(
                each, ops=[(TABLES[op[0].name], *op[1:]) for op in each.ops], unreadable=frozenset()
            )
            for each in self.server.history
        ]
        return SimulatedServer("alone", history)

    def preflight(self, begun: bool) -> dict[str, Finding]:
        names = [TABLES[name].full_name for name, what in self.faults.items() if what == "no key"]
        return {name: Finding(f"table {name}", "fail", "has no key") for name in names}

    def turned(self, stream: str, before: Checkpoint | None, after: Checkpoint) -> None:
        super().turned(stream, before, after)
        was = set(read_configuration(before.capture).stopped) if before else set()
        now = set(read_configuration(after.capture).stopped)
        assert now <= self.faulty, f"nothing was ever wrong with {now - self.faulty}"
        assert set(after.whole.stopped) == {
            name for name, each in after.stopped.items() if not each.resumed_ms
        }
        self.resumed += len(was - now)
        at = self._number(after.position)
        if at < len(self.server.history):
            self.cuts |= {(name, self.server.history[at].id) for name in now - was}

    def settle(self) -> None:
        """Whatever was wrong is put right first."""
        self.faults.clear()
        super().settle()

    def _at_rest(self, relay: Relay) -> bool:
        point = relay.outbox and relay.outbox.acknowledged()
        return super()._at_rest(relay) and point is not None and not point.whole.stopped

    def _cut(self, group: str) -> Iterable[str]:
        for name, transaction in self.cuts:
            if group in _groups(name):
                yield f"{transaction}/"

    def _check_coverage(self) -> None:
        super()._check_coverage()
        for stream in self.segments:
            segments = self.coverage.segments(stream)
            _, point = self.streams.load(stream)
            if point and point.segment and point.segment.number > len(segments):
                segments += [segment_of(point)]  # a relay that was killed did not store it
            found = [each.start.number for each in segments]
            assert found == [*range(1, len(segments) + 1)], f"segments {found} of {stream}"
            for table in TABLES.values():
                self._check_numbers(stream, segments, table.full_name)
                missing = self._covered_ids(stream, segments, table.full_name) - self.numbers.keys()
                assert not missing, f"covered, and missing of {table.full_name}: {missing}"
        for name in self.stopped_ever():
            assert name in self.dues.of_source(SOURCE), f"{name} is not due"

    def stopped_ever(self) -> set[str]:
        """Tables that a stream held, and did not read for a while."""
        held = (one.capture for segments in self.segments.values() for one in segments)
        return {name for capture in held for name in capture.stopped}

    def _check_numbers(self, stream: str, segments: list[CoverageSegment], name: str) -> None:
        """No change of the table has a number outside of what is covered; but for numbers that were
        given up with their epoch.
        """
        ends = dict(split_seq(each.start.former) for each in segments if each.start.former)
        ranges = covered(segments, name)
        for (group, change), of in zip(self.topic.delivered, self.topic.streams, strict=True):
            epoch, n = split_seq(change.seq)
            if of == stream and self.topic.tables[group] == name and n <= ends.get(epoch, n):
                assert any(
                    one.epoch == epoch and one.after < n and (one.until is None or n <= one.until)
                    for one in ranges
                ), f"{change.id} of {name} is number {epoch}:{n}, of {ranges}"

    def _covered_ids(self, stream: str, segments: list[CoverageSegment], name: str) -> set[str]:
        """The changes of the table in the transactions that the stream says it covers."""
        ids: set[str] = set()
        lost = tuple(f"{each.id}/" for each in self.lost)
        for first, end in self._spans(stream, segments, name):
            for group, some in self._ids_between(first, end).items():
                if group in _groups(name):
                    ids |= {each for each in some if not each.startswith(lost)}
        return ids

    def _spans(
        self, stream: str, segments: list[CoverageSegment], name: str
    ) -> Iterator[tuple[int, int]]:
        for segment, later in itertools.zip_longest(segments, segments[1:]):
            if name in segment.tables:
                end = self._come_to(stream, name) if later is None else self._place(later)
                yield self._place(segment), end

    def _come_to(self, stream: str, name: str) -> int:
        """The last segment ends where its stream has come to."""
        _, point = self.streams.load(stream)
        assert point is not None
        return next(self._number(place) for place, names in point.places() if name in names)

    def _place(self, segment: CoverageSegment) -> int:
        return self.server.number(Position(gtids=segment.position.gtids))

    def _ids_between(self, first: int, end: int) -> dict[str, list[str]]:
        return self._expected(everything=True, first=first, end=end)


def _groups(name: str) -> list[str]:
    database, table = name.split(".")
    return [group_id(SOURCE, database, table, shard) for shard in (0, 1)]
