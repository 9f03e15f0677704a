"""Watch tasks: what the watch does in each run, in this order."""

from collections.abc import Callable, Mapping

from shared.flows.watch.alarm_figures import emit_figures
from shared.flows.watch.closed_too_long import note_behind
from shared.flows.watch.dead_letters import settle_moved
from shared.flows.watch.failing_functions import close_failing
from shared.flows.watch.gate_tending import tend_gates
from shared.flows.watch.leftover_row_removal import remove_leftover_items
from shared.flows.watch.next_slices import start_slices
from shared.flows.watch.scheduled_snapshots import start_snapshots
from shared.flows.watch.scheduled_verifies import start_verifies
from shared.flows.watch.subscriptions import compare_subscriptions
from shared.flows.watch.watch_setup import WatchSetup

Task = Callable[[WatchSetup], float | None]
"""Returns when it wants to be called once more in this run, Unix seconds; None: not before the
next run. What it raises is reported, and stops no other task.
"""

TASKS: Mapping[str, Task] = {
    "gates": tend_gates,
    "errors": close_failing,
    "figures": emit_figures,
    "verifies": start_verifies,
    "snapshots": start_snapshots,
    "slices": start_slices,
    "moved": settle_moved,
    "behind": note_behind,
    "subscriptions": compare_subscriptions,
    "rows": remove_leftover_items,
}
"""By the names under which `rowline status` reports a failure. A run that is too slow for all of
them leaves out the last ones: alarms and jobs must continue.
"""
