"""Servers that lack what was published: whatever happens meanwhile, the rows end as the last server
has them, and none goes back in time.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from shared.adapters.binlog.executed import MariadbExecuted
from shared.flows.relay.reading.reader import Reader
from shared.values.position import Position
from tests.tier import ONLY_SOAK, SEED, TIER
from tests.unit.relay.test_world import RelayMachine, operation, operations
from tests.worlds.relay.losing import LosingWorld
from tests.worlds.relay.machines import WorldMachine, require_noticed, run

STEPS = {"done": 0}


class LosingMachine(WorldMachine):
    """Mostly nothing goes wrong, so that what does meets a relay with something to lose.

    Every server keeps the first transaction, which is captured: a server that has nothing of what
    was published is an error with a way out, not of interest here.
    """

    def __init__(self) -> None:
        super().__init__()
        self.world = LosingWorld()
        self.commit([("a", 0, "c")])
        self.nothing_goes_wrong(12)

    @rule(ops=st.lists(operations, min_size=1, max_size=5))
    def commit(self, ops: list[Any]) -> None:
        self.world.commit([operation(*each) for each in ops])

    @rule(moments=st.integers(1, 12))
    def nothing_goes_wrong(self, moments: int) -> None:
        for _ in range(moments):
            STEPS["done"] += 1
            living = [relay for relay in self.world.relays if relay.alive]
            if not living:
                self.world.start("take")
                living = self.world.relays[-1:]
            self.world.now += 0.3
            self.world._work(living[-1])

    @rule(script=st.binary(min_size=5, max_size=40))
    def work(self, script: bytes) -> None:
        for byte in script:
            STEPS["done"] += 1
            RelayMachine.step(self, byte)  # type: ignore[arg-type]

    @rule(missing=st.integers(0, 4))
    def fail_over(self, missing: int) -> None:
        self.world.fail_over(missing)

    @rule(missing=st.integers(1, 4))
    def restore(self, missing: int) -> None:
        self.world.restore(missing)

    @rule(seconds=st.sampled_from([0.5, 7.0, 30.0]))
    def everybody_crashes(self, seconds: float) -> None:
        for relay in self.world.relays:
            relay.alive = False
        self.world.now += seconds

    @rule(
        ops=st.lists(operations, min_size=1, max_size=5),
        another=st.booleans(),
        moments=st.integers(1, 6),
        which=st.lists(st.integers(0, 30), max_size=6),
        crash=st.booleans(),
    )
    def a_loss_and_what_comes_soon_after_it(
        self, ops: list[Any], another: bool, moments: int, which: list[int], crash: bool
    ) -> None:
        """Changes of the same rows, and a crash, while they are read again."""
        for each in ops:
            self.world.commit([operation(*each)])
        self.nothing_goes_wrong(12)
        missing = len(ops)
        if another:
            self.world.fail_over(missing)
        else:
            self.world.restore(missing)
        self.nothing_goes_wrong(moments)
        lost = [op for transaction in self.world.lost[-missing:] for op in transaction.ops]
        for number in which if lost else []:
            table, _, before, after = lost[number % len(lost)]
            self.world.commit([(table, "u", before or after, after or before)])
            self.nothing_goes_wrong(1)
        if crash:
            self.everybody_crashes(30.0)

    def teardown(self) -> None:
        self.world.settle()


@pytest.mark.soak
def test_the_rows_end_as_the_last_server_has_them() -> None:
    STEPS["done"] = 0
    run(LosingMachine, TIER.losing_runs, steps=40, number=SEED)
    assert STEPS["done"] >= 40 * TIER.losing_runs


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.parametrize("between", [0, 1, 5])
@pytest.mark.parametrize("second", ["fail_over", "restore"])
@pytest.mark.parametrize("first", ["fail_over", "restore"])
def test_two_losses_in_a_row_with_nothing_captured_in_between(
    first: str, second: str, between: int, crash: bool
) -> None:
    """The second server lacks more than the first. between: transactions that are not captured."""
    machine = LosingMachine()
    for key in range(10):
        machine.commit([("ab"[key % 2], key % 4, "cu"[key % 2])])
        machine.nothing_goes_wrong(3)
    machine.nothing_goes_wrong(20)
    getattr(machine.world, first)(2)
    machine.nothing_goes_wrong(30)
    for key in range(between):
        machine.commit([("c", key, "c")])
        machine.nothing_goes_wrong(2)
    if crash:
        machine.everybody_crashes(30.0)
        machine.nothing_goes_wrong(40)
    getattr(machine.world, second)(4 + between)
    machine.nothing_goes_wrong(30)
    machine.teardown()


def correction_forgotten_by_a_crash(patch: pytest.MonkeyPatch) -> None:
    opened = Reader._open

    def forgetful(self: Reader) -> None:
        point = self._outbox.resume()
        if point and point.is_rereading and self._begun != point.epoch:
            whole = msgspec.structs.replace(point, seq=point.seq + point.rows, rows=0)
            self._checkpoints.turn(msgspec.structs.replace(whole, lost=None))
        opened(self)

    patch.setattr(Reader, "_open", forgetful)


def correction_published_where_it_was_read(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Position, "reaches", lambda self, other: True)


def lost_transactions_not_looked_for(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MariadbExecuted, "has", lambda self, gtid: True)


def row_that_changed_since_it_was_read_published(patch: pytest.MonkeyPatch) -> None:
    from shared.flows.relay.failover.rereading_rows import Rereading

    patch.setattr(Rereading, "touch", lambda self, changes: None)


@pytest.mark.soak
@ONLY_SOAK
@pytest.mark.parametrize(
    "mutant",
    [
        correction_forgotten_by_a_crash,
        correction_published_where_it_was_read,
        lost_transactions_not_looked_for,
        row_that_changed_since_it_was_read_published,
    ],
)
def test_a_planted_mistake_is_noticed(
    mutant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant(monkeypatch)
    require_noticed(LosingMachine, steps=40)
