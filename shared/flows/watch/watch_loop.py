"""Watch loop: one run of the watch function: each task once, and again when it asks for that."""

from collections.abc import Mapping
from dataclasses import replace

from shared.flows.watch.watch_setup import WatchSetup
from shared.flows.watch.watch_tasks import TASKS, Task
from shared.values.errors import RowlineError
from shared.values.pulse import Pulse

RUN_SECONDS = 50.0
"""A run waits for a task at most until then. The schedule starts the next run after 60 s."""

RESERVE_SECONDS = 3.0
"""What must be left of the function's time to begin a task."""


def watch(setup: WatchSetup, tasks: Mapping[str, Task] = TASKS) -> Pulse | None:
    """Do every task, and store when that was and what failed.

    Returns the pulse; None when another run is under way. Raises what the state table raises.
    """
    pulses, began = setup.parts.state.pulses, setup.clock()
    ends_ms = setup.now_ms + int(setup.left() * 1000)
    last = pulses.begin(setup.holder, setup.now_ms, ends_ms)
    if last is None:
        return None
    setup = replace(setup, memory=last.memory)
    problems = _do(setup, tasks, began + RUN_SECONDS)
    pulse = Pulse(setup.now_ms, problems, setup.memory)
    pulses.end(setup.holder, pulse)
    return pulse


def _do(setup: WatchSetup, tasks: Mapping[str, Task], until: float) -> dict[str, str]:
    """Call the tasks when they are due; returns why some failed."""
    due = dict.fromkeys(tasks, 0.0)
    problems: dict[str, str] = {}
    while due:
        name = min(due, key=due.__getitem__)
        at = due.pop(name)
        if at > until:
            break
        if at > setup.clock():
            setup.sleep(at - setup.clock())
        if setup.left() < RESERVE_SECONDS:
            problems.setdefault(name, "the function's time was over")
            continue
        try:
            again = tasks[name](setup)
        except RowlineError as error:
            problems[name] = str(error)
        except Exception as error:  # noqa: BLE001 a defect of one task must not stop the others
            problems[name] = f"{type(error).__name__}: {error}"
        else:
            if again is not None:
                due[name] = again
    return problems
