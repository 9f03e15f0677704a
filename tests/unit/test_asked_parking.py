"""A change that its sink neither takes nor refuses is parked when a person asks for it."""

from collections.abc import Sequence

import pytest

from shared.adapters.search.contract import Action, Result
from shared.domain import gate_transitions
from shared.flows.consume import pausing
from shared.flows.consume.asked_parking import MOST_ASKED, ask_to_park
from shared.values.errors import ConfigError
from shared.values.gate import Gate
from tests.worlds.consumer_world import ConsumerWorld, change, delivery


@pytest.fixture
def world() -> ConsumerWorld:
    """A sink that answers "not now" for the row 1, for ever."""
    made = ConsumerWorld()
    real = made.search.bulk

    def bulk(actions: Sequence[Action]) -> list[Result]:
        taken = iter(real([one for one in actions if one.id != "1"]))
        return [Result("transient", "500") if one.id == "1" else next(taken) for one in actions]

    made.search.bulk = bulk  # type: ignore[method-assign]
    return made


def test_its_group_goes_on_without_it(world: ConsumerWorld) -> None:
    poison, behind = delivery([change(1, "c", 1)]), delivery([change(2, "c", 2)])
    assert len(world.handle(poison, behind).failed) == 2
    ask_to_park(world.state.gates, "search", "tx/1", "ann")
    again = [delivery([change(1, "c", 1)], attempt=2), delivery([change(2, "c", 2)], attempt=2)]
    assert world.handle(*again).failed == []
    (parked,) = world.parked()
    assert (parked.id, parked.error, parked.message) == ("tx/1", "Asked", "Asked: by ann")
    assert world.mark("g") == (2, 2)


def test_rows_of_a_fill_are_not_meant(world: ConsumerWorld) -> None:
    ask_to_park(world.state.gates, "search", "tx/2", "ann")
    world.handle(delivery([change(2, "c", 2)], lane="redrive"))
    assert world.parked() == []


def test_it_is_kept_while_the_gate_closes_and_opens() -> None:
    gate = Gate(to_park={"tx/1": "ann"})
    closed = gate_transitions.closed(gate, "outage", "500", 1)
    assert gate_transitions.opened(closed, 2).to_park == {"tx/1": "ann"}
    assert gate_transitions.resumed(closed, 2).to_park == {"tx/1": "ann"}


def test_the_newest_are_kept(world: ConsumerWorld) -> None:
    gates = world.state.gates
    for n in (*range(MOST_ASKED), 99, 99):
        gate = ask_to_park(gates, "search", f"tx/{n}", "ann")
    assert list(gate.to_park) == [*(f"tx/{n}" for n in range(1, MOST_ASKED)), "tx/99"]
    pausing.pause(gates, "search", "ann", 1)
    assert pausing.resume(gates, "search", 2).to_park == gate.to_park


@pytest.mark.parametrize("id", ["", " ", "x" * 301])
def test_what_is_no_id_is_refused(world: ConsumerWorld, id: str) -> None:
    with pytest.raises(ConfigError, match="is no id of a change"):
        ask_to_park(world.state.gates, "search", id, "ann")
