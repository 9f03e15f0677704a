"""Closed too long: a consumer that is closed for 12 days may lose changes, so its tables are due.

SQS deletes a message 14 days after it was sent, without moving it to a DLQ. Source: SQS developer
guide, "Using dead-letter queues in Amazon SQS", "Retention period".
"""

from shared.flows.watch.for_each_consumer import for_each
from shared.flows.watch.watch_setup import WatchSetup
from shared.values.day import DAY_MS
from shared.values.due_cause import DueCause

DUE_AFTER_MS = 12 * DAY_MS
"""Two days before the first change is deleted. Noted again after as long: a resync in between
covers what was committed before it.
"""

WHY = "the consumer was closed for 12 days, and SQS deletes changes after 14"


def note_behind(setup: WatchSetup) -> None:
    """Note the tables of every consumer that has been closed for too long."""

    def note(consumer: str) -> None:
        closed_ms = setup.parts.state.gates.read(consumer).closed_ms
        times = (setup.now_ms - closed_ms) // DUE_AFTER_MS if closed_ms else 0
        cause = f"closed:{closed_ms}:{times}"
        if not times or setup.memory.behind.get(consumer) == cause:
            return
        for table in setup.parts.settings.consumers[consumer].tables:
            setup.parts.state.dues.note_consumer(consumer, table, DueCause(cause, WHY))
        setup.memory.behind[consumer] = cause

    for_each(setup, setup.parts.settings.consumers, note)
