"""Dead letters: settles messages that were moved to a DLQ before the function saw them.

Later changes of their groups may have been applied since, so their payloads are not applied: their
tables are due, and a resync reads the rows again. That is stored before a message is deleted. So
nothing is left that would keep later messages from being received.

Versions from before parking existed put refused changes in the DLQ. These are settled in the same
way: a row that is refused again in a resync is parked with its reason.
"""

from collections.abc import Sequence
from contextlib import suppress

from shared.adapters.queue.contract import Queue
from shared.adapters.state.state import State
from shared.flows.watch.for_each_consumer import RESERVE_SECONDS, for_each
from shared.flows.watch.watch_setup import WatchSetup
from shared.values.delivery import SET_ASIDE, Delivery
from shared.values.due_cause import DueCause
from shared.values.errors import RowlineError
from shared.values.message import decode
from shared.values.redrive_command import decode_command, is_command, moved_mark

ROUNDS = 200
"""Receives of one queue in one run at most. While messages are left, their tables become due again,
also behind a resync.
"""

VISIBILITY = 60
"""Seconds: the next run finds again what this one could not settle."""


def settle_moved(setup: WatchSetup) -> None:
    """Settle the messages in the DLQs of every consumer and of its subscription.

    Their depths are written first, or no alarm would ever see them.
    """

    def settle(consumer: str) -> None:
        dlq, undelivered = setup.parts.dlq(consumer), setup.parts.undelivered(consumer)
        depths = {
            "DlqMessages": float(sum(dlq.depth())),
            "UndeliveredMessages": float(sum(undelivered.depth())),
        }
        setup.emit("consumer", consumer, depths)
        _drain(setup, consumer, dlq, "SQS moved changes to the DLQ")
        _drain(setup, consumer, undelivered, "SNS could not deliver changes")

    for_each(setup, setup.parts.settings.consumers, settle)


def _drain(setup: WatchSetup, consumer: str, queue: Queue, why: str) -> None:
    if not queue.depth()[0]:
        return
    for _ in range(ROUNDS):
        batch = queue.receive(visibility=VISIBILITY)
        if not batch or setup.left() < RESERVE_SECONDS:
            return
        _note(setup, consumer, batch, why)
        queue.delete([one.receipt_handle for one in batch])


def _note(setup: WatchSetup, consumer: str, moved: Sequence[Delivery], why: str) -> None:
    """Make tables due; a job that waits for one of these messages waits no longer.

    A command of a redrive holds no rows: what it named is still parked, and its job sends it again.
    """
    state, causes = setup.parts.state, dict[tuple[str, str], DueCause]()
    for one in moved:
        if is_command(one.attributes):
            _note_command(state, consumer, one)
        else:
            cause = DueCause(f"moved:{one.message_id}", _set_aside(one) or why)
            causes |= {(table, cause.why): cause for table in _tables(setup, consumer, one)}
    for (table, _), cause in causes.items():
        state.dues.note_consumer(consumer, table, cause)
    job = state.jobs.current(consumer, "fill")
    ids = [one.deduplication_id for one in moved if job and one.attributes.get("run") == job.id]
    if job and ids:
        state.done_messages.note(consumer, job.id, ids)


def _set_aside(one: Delivery) -> str:
    """Why an earlier version put it there itself, without the values that its reason quotes."""
    reason = one.attributes.get(SET_ASIDE, "").partition(":")[0]
    return reason and f"an earlier version set changes aside: {reason}"


def _note_command(state: State, consumer: str, one: Delivery) -> None:
    """Let the job of a command learn that nobody carries it out."""
    with suppress(RowlineError):  # no command after all: no job waits for it
        job = decode_command(one.body).job
        state.done_messages.note(consumer, job, [moved_mark(one.deduplication_id)])


def _tables(setup: WatchSetup, consumer: str, one: Delivery) -> Sequence[str]:
    """The table of a message; all of the consumer's where it does not tell."""
    try:
        return [one.attributes.get("table") or decode(one.body).full_name]
    except RowlineError:
        return setup.parts.settings.consumers[consumer].tables
