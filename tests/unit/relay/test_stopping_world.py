"""Tables that cannot be captured for a while: each stops alone and resumes, and what is said to be
covered lacks no change.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from shared.flows.relay.capture.due_recorder import DueRecorder
from shared.flows.relay.lease.checkpointing import Checkpointing
from shared.flows.relay.reading import reader
from shared.flows.relay.reading.reader import Reader
from shared.flows.relay.reading.turns import Turn, Turns
from shared.values.checkpoint import Checkpoint
from tests.tier import ONLY_SOAK, SEED, TIER
from tests.unit.relay.test_world import STEPS, RelayMachine, operations
from tests.worlds.relay.machines import require_noticed, run
from tests.worlds.relay.stopping import StoppingWorld

SEEN = {"stopped": 0, "resumed": 0}


class StoppingMachine(RelayMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = StoppingWorld()

    @rule(name=st.sampled_from("abc"), fault=st.sampled_from(["no key", "bad rows", "", ""]))
    def alter(self, name: str, fault: str) -> None:
        self.world.alter(name, fault)

    @rule(
        name=st.sampled_from("ab"),
        fault=st.sampled_from(["no key", "bad rows"]),
        ops=st.lists(operations, min_size=1, max_size=9),
        moments=st.integers(1, 25),
        crash=st.booleans(),
    )
    def a_fault_that_is_met(
        self, name: str, fault: str, ops: list[Any], moments: int, crash: bool
    ) -> None:
        """In the middle of a transaction, with a crash soon after the stop or before it."""
        self.world.alter(name, fault)
        self.commit(ops)
        self.nothing_goes_wrong(moments)
        if crash:
            for relay in self.world.relays:
                relay.alive = False
            self.world.now += 30.0
        self.world.alter(name, "")
        self.commit(ops)

    @rule(moments=st.integers(1, 60))
    def nothing_goes_wrong(self, moments: int) -> None:
        for _ in range(moments):
            STEPS["done"] += 1
            living = [relay for relay in self.world.relays if relay.alive]
            if len(living) < len(self.world.configuration):
                self.world.start("take", len(living))
                continue
            self.world.now += 0.3
            for relay in living:
                self.world._work(relay)

    def teardown(self) -> None:
        super().teardown()
        SEEN["stopped"] += len(self.world.stopped_ever())
        SEEN["resumed"] += self.world.resumed


@pytest.mark.soak
def test_a_table_stops_alone_and_nothing_that_is_covered_is_missing() -> None:
    SEEN.update(stopped=0, resumed=0)
    STEPS["done"] = 0
    run(StoppingMachine, TIER.stopping_runs, steps=60, number=SEED)
    assert STEPS["done"] >= 100 * TIER.stopping_runs
    assert SEEN["stopped"] > TIER.stopping_runs // 4
    assert SEEN["resumed"] > TIER.stopping_runs // 4


def stop_in_the_same_epoch(patch: pytest.MonkeyPatch) -> None:
    stop = Turns.stop

    def same_epoch(self: Turns, error: Any) -> Turn:
        def turn(point: Checkpoint) -> Checkpoint:
            stopped = stop(self, error)(point)
            return msgspec.structs.replace(stopped, epoch=point.epoch, seq=point.seq)

        return turn

    patch.setattr(Turns, "stop", same_epoch)


def resumed_where_it_is(patch: pytest.MonkeyPatch) -> None:
    opened = Reader._open

    def early(self: Reader) -> None:
        point, stopped = self._outbox.resume(), self._wanting.now.stopped
        if point and point.whole.stopped and not stopped:
            whole = point.whole.stopping(()).text()
            self._checkpoints.turn(msgspec.structs.replace(point, capture=whole, stopped={}))
        opened(self)

    patch.setattr(Reader, "_open", early)


def coverage_goes_on_over_a_stop(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reader, "with_segment", lambda before, after, now_ms: after)


def coverage_of_the_turn_forgotten_by_a_crash(patch: pytest.MonkeyPatch) -> None:
    begin = Checkpointing.begin

    def forgetful(self: Checkpointing, checkpoint: Checkpoint | None) -> None:
        begin(self, checkpoint)
        self._covered = checkpoint.segment.number if checkpoint and checkpoint.segment else 0

    patch.setattr(Checkpointing, "begin", forgetful)


def due_not_noted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(DueRecorder, "uncovered", lambda self, stream, tables, point: None)


@pytest.mark.soak
@ONLY_SOAK
@pytest.mark.parametrize(
    "mutant",
    [
        stop_in_the_same_epoch,
        resumed_where_it_is,
        coverage_goes_on_over_a_stop,
        coverage_of_the_turn_forgotten_by_a_crash,
        due_not_noted,
    ],
)
def test_a_planted_mistake_is_noticed(
    mutant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant(monkeypatch)
    require_noticed(StoppingMachine, steps=60)
