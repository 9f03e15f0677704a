"""Runs state machines: the same way each time, from seeds of their own."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from shared.values.errors import PositionLost

SEEDS = 8
"""So many times a planted mistake may hide: most show in the first."""


class WorldMachine(RuleBasedStateMachine):
    """What may happen in every world."""

    world: Any

    @rule(chance=st.integers(0, 9))
    def new_file(self, chance: int) -> None:
        """Now and then: most restores need some transactions in a file."""
        if chance == 9:
            self.world.restart()
        elif chance == 8:
            self.world.server.rotate()

    @rule()
    def topic_forgets(self) -> None:
        self.world.topic.forget()


def run(
    machine: type[RuleBasedStateMachine],
    examples: int,
    *,
    steps: int,
    number: int = 0,
    shrink: bool = True,
) -> None:
    """Raises what the machine raises; `number` is the seed."""
    seed(number)(machine)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


def require_noticed(machine: type[RuleBasedStateMachine], *, steps: int) -> None:
    """That a run fails while a mistake is planted. KeyError: some break the publish queue itself;
    PositionLost: some make up a position.
    """
    for number in range(SEEDS):
        try:
            run(machine, 500, steps=steps, number=number, shrink=False)
        except (AssertionError, KeyError, PositionLost, ExceptionGroup):
            return
    pytest.fail(f"nothing was noticed in {SEEDS * 500} runs")
