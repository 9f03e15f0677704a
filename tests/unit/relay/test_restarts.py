"""A server that is started again and again, and loses nothing, under relays that crash: what is
published twice has the same number both times.
"""

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from shared.values.seq import split_seq
from tests.tier import SEED, TIER
from tests.unit.relay.test_world import RelayMachine, operation, operations
from tests.worlds.relay.machines import WorldMachine, run
from tests.worlds.relay.world import RelayWorld

SEEN = {"epochs": 0, "again": 0}


class RestartMachine(WorldMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = RelayWorld()
        self._next_relay()

    @rule(ops=st.lists(operations, min_size=1, max_size=5))
    def commit(self, ops: list[Any]) -> None:
        self.world.commit([operation(*each) for each in ops])

    @rule(moments=st.integers(1, 12))
    def nothing_goes_wrong(self, moments: int) -> None:
        for _ in range(moments):
            self.world.now += 0.3
            self.world._work(self.world.relays[-1])

    @rule(script=st.binary(min_size=5, max_size=60))
    def work(self, script: bytes) -> None:
        for byte in script:
            RelayMachine.step(self, byte)  # type: ignore[arg-type]

    @rule(first=st.booleans())
    def restart(self, first: bool) -> None:
        """Once nothing is under way, or with a crash of the relay before or after."""
        if first:
            self._next_relay()
        self.world.restart()

    @rule()
    def rotate(self) -> None:
        self.world.server.rotate()

    @rule()
    def crash(self) -> None:
        self._next_relay()

    def teardown(self) -> None:
        self._restart_before_an_acknowledgement()
        self.world.settle()
        assert [id_ for id_, numbers in self.world.numbers.items() if len(numbers) > 1] == []
        epochs = {split_seq(seq)[0] for numbers in self.world.numbers.values() for seq in numbers}
        SEEN["epochs"] += max(0, len(epochs) - 1)
        SEEN["again"] += len(self.world.topic.delivered) - len(self.world.numbers)

    def _restart_before_an_acknowledgement(self) -> None:
        """Whatever was drawn, each run ends so: the topic has changes that no checkpoint has, and
        it has forgotten them when the next relay reads them at the server that was started again.
        """
        self._next_relay()
        world, relay = self.world, self.world.relays[-1]
        self.nothing_goes_wrong(moments=3)
        self.commit([("a", 1, "u"), ("a", 2, "u")])
        before = len(world.topic.delivered)
        for _ in range(100):
            world.now += 0.3
            relay.read()
            relay.publish()
            for request in world.requests:
                world.arrive(request, [True] * len(request.parcels))
            if len(world.topic.delivered) > before:
                break
        world.topic.forget()
        self.restart(first=True)
        self.commit([("a", 1, "u")])

    def _next_relay(self) -> None:
        """The one before is killed, what it has sent may arrive or not; the next waits until the
        lease is over.
        """
        for relay in self.world.relays:
            relay.alive = False
        self.world.start("take")
        while self.world.relays[-1].outbox is None:
            self.world.now += 1.0
            self.world.relays[-1].wait()


@pytest.mark.soak
def test_a_server_that_was_started_again_changes_no_number() -> None:
    SEEN.update(epochs=0, again=0)
    run(RestartMachine, TIER.restart_runs, steps=40, number=SEED)
    assert SEEN["epochs"] >= TIER.restart_runs
    assert SEEN["again"] >= TIER.restart_runs
