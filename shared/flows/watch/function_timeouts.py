"""Function time-outs: remembers those that a deployment has lowered.

An invocation that began before the deployment may run for as long as it was allowed to then. Jobs
that wait until all functions have ended ask for that.
"""

from shared.flows.watch.watch_setup import WatchSetup
from shared.values.errors import RowlineError
from shared.values.pulse import Timeout


def note_timeouts(setup: WatchSetup) -> None:
    """Note the time-out of each consumer's function, and for how long a former one counts.

    While the stage is being deployed the former one is kept: functions may still begin with it.
    """
    held, consumers = setup.memory.timeouts, setup.parts.settings.consumers
    changed = {
        name: consumer.timeout
        for name, consumer in consumers.items()
        if name not in held or held[name].seconds != consumer.timeout
    }
    if any(name in held for name in changed) and _may_be_changing(setup):
        return
    for name, seconds in changed.items():
        before = held.get(name, Timeout(seconds))
        held[name] = before.changed(seconds, setup.now_ms)
    for name in held.keys() - consumers.keys():
        del held[name]


def _may_be_changing(setup: WatchSetup) -> bool:
    try:
        return setup.parts.is_changing()
    except RowlineError:  # jobs continue; the next run asks again
        return True
