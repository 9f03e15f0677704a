"""How far the archive is: what is under way, what is overdue, and what status says of it."""

from typing import Any

import pytest

from shared.adapters.lake.contract import OutcomeUnknown
from shared.domain.changes_under_way import DELIVERED_MS, UNDER_WAY_MS
from shared.flows.archive.archive_requests import do
from shared.flows.archive.archive_setup import ArchiveSetup
from shared.flows.archive.auditing import audit
from shared.flows.archive.recording_progress import KEPT_MS
from shared.flows.health import thresholds
from shared.flows.health.findings.archive_findings import archive_findings
from shared.values.archive_progress import ArchiveProgress
from shared.values.checkpoint import Checkpoint
from shared.values.coverage import CoverageSegment, SegmentStart
from shared.values.errors import ConfigError
from shared.values.lineage import Lineage
from shared.values.position import Position
from shared.values.seq import make_seq
from tests.worlds.archive_world import EPOCH, STREAM, land
from tests.worlds.twins.lake import MemoryLake
from tests.worlds.twins.landing import MemoryLanding
from tests.worlds.twins.state import memory_state

MINUTE = 60_000


class ProgressWorld:
    """An archive whose clock a test moves."""

    def __init__(self) -> None:
        self.now_ms = 1_800_000_000_000
        self.landing, self.lake, self.state = MemoryLanding(), MemoryLake(), memory_state()
        self._mine: Any = None
        self.errors: MemoryLanding | None = None

    def gives_out(self, n: int, epoch: int = EPOCH) -> None:
        if self._mine is None:
            lease, _ = self.state.streams.load(STREAM)
            self._mine = self.state.streams.acquire(STREAM, lease, "relay")
        place = Position("bin.1", 4)
        checkpoint = Checkpoint(place, make_seq(epoch, n), epoch, Lineage("s"), "{}")
        self._mine = self.state.streams.renew(STREAM, self._mine, checkpoint) or self._mine

    def do(self, what: str, **more: Any) -> Any:
        setup = ArchiveSetup(
            self.landing,
            MemoryLanding(),
            self.lake,
            self.state,
            (STREAM,),
            0,
            "me",
            lambda: 300.0,
            lambda: self.now_ms / 1000,
            errors=self.errors,
        )
        return do(setup, {"do": what, **more})

    def audited(self) -> Any:
        (found,) = audit(self.lake, self.state, (STREAM,), now_ms=self.now_ms)
        return found

    def minutes(self, count: int) -> None:
        """So many minutes pass, with a run of the committer in each."""
        for _ in range(count):
            self.now_ms += MINUTE
            self.do("commit")


@pytest.mark.parametrize("covered", [True, False], ids=["segment", "checkpoint"])
@pytest.mark.parametrize("first", ["streams", "coverage"])
def test_an_epoch_that_ends_while_somebody_looks_is_not_taken_for_complete(
    first: str, covered: bool
) -> None:
    """Its last changes are not archived. A replay would not wait for them."""
    world = ProgressWorld()
    land(world.landing, (1, 2))
    world.gives_out(3)
    world.do("commit")
    place = Position("bin.1", 4)
    begun = SegmentStart(2, make_seq(EPOCH + 1, 0), make_seq(EPOCH, 3), follows=True)

    def turn() -> None:
        point = Checkpoint(place, begun.seq, EPOCH + 1, Lineage("s"), "{}", segment=begun)
        world._mine = world.state.streams.renew(STREAM, world._mine, point)
        if covered:
            world.state.coverage.append(STREAM, CoverageSegment(begun, "s", place, ()))

    store: Any = getattr(world.state, first)
    name = "load" if first == "streams" else "segments"
    read, looked = getattr(store, name), list[str]()

    def ended_before_the_other_read(stream: str) -> Any:
        found = read(stream)
        if not looked:
            looked.append(stream)
            turn()
        return found

    if covered:
        setattr(store, name, ended_before_the_other_read)
    else:
        turn()
    (reach,) = world.do("reach", source=STREAM, streams=[STREAM])["streams"]
    assert reach["through"] <= make_seq(EPOCH, 2)


def test_young_changes_are_under_way_and_older_ones_are_absent() -> None:
    world = ProgressWorld()
    world.gives_out(100)
    land(world.landing, range(1, 101))
    world.minutes(10)
    assert world.audited().complete
    world.gives_out(5_000)
    found = world.audited()
    assert (found.complete, found.under_way.spans, found.absent.count) == (True, [(101, 5_000)], 0)
    world.minutes(UNDER_WAY_MS // MINUTE)
    land(world.landing, range(201, 301))
    world.gives_out(6_000)
    world.minutes(1)
    found = world.audited()
    assert (found.complete, found.absent.spans) == (False, [(101, 200), (301, 5_000)])
    assert found.under_way.spans == [(5_001, 6_000)]


def test_nothing_is_under_way_where_the_committer_does_not_run() -> None:
    world = ProgressWorld()
    world.gives_out(10)
    land(world.landing, range(1, 11))
    world.minutes(2)
    world.now_ms += UNDER_WAY_MS + 1
    world.gives_out(11)
    found = world.audited()
    assert (found.complete, found.absent.spans) == (False, [(11, 11)])


def test_a_new_epoch_is_under_way_and_the_one_before_is_not() -> None:
    world = ProgressWorld()
    world.gives_out(10)
    land(world.landing, range(1, 10))
    world.minutes(7)
    world.gives_out(3, EPOCH + 5)
    first, second = audit(world.lake, world.state, (STREAM,), now_ms=world.now_ms)
    assert (first.epoch, second.epoch) == (EPOCH, EPOCH + 5)
    assert (second.complete, second.under_way.spans) == (True, [(1, 3)])


def test_how_long_a_change_is_lacking_is_counted_from_when_it_was_given_out() -> None:
    world = ProgressWorld()
    world.gives_out(10)
    land(world.landing, range(1, 11))
    world.minutes(3)
    assert world.do("commit")["behind_ms"] == 0
    world.gives_out(20)
    world.minutes(1)
    seen_ms = world.now_ms
    land(world.landing, range(12, 21))
    world.minutes(2 * KEPT_MS // MINUTE)
    assert world.do("commit")["behind_ms"] == world.now_ms - seen_ms
    (wrong,) = archive_findings(world.state.archive_progress.read(), world.now_ms / 1000)
    assert (wrong.level, wrong.thing) == ("fail", f"archive of {STREAM}")
    land(world.landing, [11])
    world.minutes(1)
    assert world.do("commit")["behind_ms"] == 0
    (right,) = archive_findings(world.state.archive_progress.read(), world.now_ms / 1000)
    assert right.level == "ok"


def test_an_archive_whose_consumer_never_lands_anything_is_behind() -> None:
    world = ProgressWorld()
    world.gives_out(10)
    world.minutes(1)
    world.gives_out(11)
    world.minutes(20)
    assert world.do("commit")["behind_ms"] > thresholds.ARCHIVE_BEHIND_S * 1000


def test_status_says_why_the_committer_fails_and_that_it_is_silent() -> None:
    world = ProgressWorld()
    world.minutes(1)
    land(world.landing, range(1, 5))
    append = world.lake.append

    def lost(*_: Any, **__: Any) -> Any:
        raise OutcomeUnknown("Glue did not answer.")

    world.lake.append = lost  # type: ignore[method-assign]
    with pytest.raises(OutcomeUnknown):
        world.minutes(1)
    now = world.now_ms / 1000
    (failed,) = archive_findings(world.state.archive_progress.read(), now)
    assert "Glue did not answer." in failed.what
    later = now + thresholds.ARCHIVE_SILENT_S + MINUTE
    silent = archive_findings(world.state.archive_progress.read(), later)
    assert [one.level for one in silent] == ["fail", "fail"]
    world.lake.append = append  # type: ignore[method-assign]
    world.minutes(1)
    assert not world.state.archive_progress.read().error
    (never,) = archive_findings(ArchiveProgress(), now)
    assert never.level == "ok"


def test_what_firehose_buffers_is_under_way_for_longer() -> None:
    world = ProgressWorld()
    world.errors = MemoryLanding()
    land(world.landing, range(1, 11))
    world.gives_out(10)
    world.minutes(1)
    world.gives_out(12)
    world.minutes(10)
    assert (world.audited().under_way.count, world.audited().absent.count) == (2, 0)
    world.minutes(10)
    assert (world.audited().under_way.count, world.audited().absent.count) == (0, 2)


def test_numbers_that_firehose_may_still_deliver_are_not_given_up() -> None:
    world = ProgressWorld()
    world.errors = MemoryLanding()
    world.landing = MemoryLanding(lambda: world.now_ms)
    land(world.landing, [1, 2, 3, 5])
    world.minutes(1)
    spans = [[STREAM, EPOCH, 4, 4]]
    world.errors = None  # deployed with `via: s3` since
    with pytest.raises(ConfigError, match="may still come from Firehose"):
        world.do("give_up", spans=spans)
    land(world.landing, [4])
    world.minutes(1)
    assert world.audited().rows == 5


def test_a_number_that_firehose_has_lost_is_given_up() -> None:
    world = ProgressWorld()
    world.errors = MemoryLanding()
    world.landing = MemoryLanding(lambda: world.now_ms)
    land(world.landing, [1, 2, 3, 5])
    world.minutes(1)
    world.now_ms += DELIVERED_MS + MINUTE
    world.minutes(1)
    assert world.do("give_up", spans=[[STREAM, EPOCH, 4, 4]]) == {"numbers": 1}


def test_what_firehose_could_not_process_is_counted() -> None:
    world = ProgressWorld()
    assert world.do("commit")["undelivered"] == 0
    world.errors = MemoryLanding()
    world.errors.put("processing-failed/1", b"")
    assert world.do("commit")["undelivered"] == 1
