"""Awaiting the consumer: what was sent is applied, and no message is waited for without end."""

from collections.abc import Callable, Mapping
from itertools import islice

from shared.domain.polling import Polling
from shared.flows.jobs.job_setup import JobSetup
from shared.flows.jobs.row_sending import RowSending
from shared.flows.jobs.unapplied_limit import MAX_UNAPPLIED
from shared.values.counted import counted
from shared.values.errors import StackError
from shared.values.settings import table_settings

STALLED_SECONDS = 600.0
"""Nothing was applied for this long: the consumer is down or its gate is closed."""

MOVED_SECONDS = 180.0
"""The queue was empty for this long: what is not applied is not in it any more."""

_LEAST_POLL, _MOST_POLL = 0.1, 1.0
_POLL_SHARE = 0.2
"""A poll follows the one before after this share of the time in which nothing was applied, within
these bounds (seconds): a fill is told soon that it may continue, and a slow consumer costs few
reads.
"""

_ASKED = 100
"""Messages of one poll, the oldest: one BatchGetItem."""


class Awaiting:
    """Watches the messages of one job.

    show: receives the cause of the wait. moved: is called whenever messages were applied.
    again: the instruction to send everything again.
    """

    def __init__(
        self,
        setup: JobSetup,
        job: str,
        polling: Polling,
        show: Callable[[str], None],
        moved: Callable[[], object],
        again: str = "then add --restart to read again",
    ) -> None:
        self._setup, self._job, self._polling, self._show = setup, job, polling, show
        self._moved, self._again = moved, again
        self._waiting: dict[str, str] = {}

    def sent(self, message_ids: list[str]) -> None:
        """Note messages that are in the queue now."""
        self._waiting |= dict.fromkeys(message_ids, "")

    def hold_back(self) -> None:
        """Wait while too many messages are not applied.

        The queue's own depth would count live changes too: a consumer that is behind with those
        would keep the rows out for ever.
        """
        if len(self._waiting) > MAX_UNAPPLIED:
            self._waiting = self._wait(
                self._waiting,
                MAX_UNAPPLIED,
                lambda left: f"{left:,} messages are being applied",
            )

    def finish(self, sending: RowSending, tables: Mapping[str, object]) -> None:
        """Wait until everything that was sent is applied.

        A queue is first in, first out per group, so the last message of each group
        represents all of it. Raises StackError when nothing is applied any more.
        """
        ends: dict[str, str] = {}
        for name in tables:
            shards = table_settings(self._setup.source.tables, name).shards
            sending.end(name, shards)
            ends |= sending.ends(name, shards)
        self.until_done(ends)

    def until_done(self, ends: Mapping[str, str]) -> None:
        """Wait until these messages are applied: deduplication id → group. Raises StackError."""
        self._wait(ends, 0, lambda left: f"{left} of {len(ends)} groups are still being applied")

    def _wait(
        self, messages: Mapping[str, str], most: int, note: Callable[[int], str]
    ) -> dict[str, str]:
        """Wait until at most this many messages are not applied; returns those.

        messages: deduplication id → message group, where it is known; the oldest come first.
        """
        consumer, left = self._setup.consumer.name, dict(messages)
        now = self._polling.clock()
        applied_at, seen_at, looked_at = now, now, now
        asks_all = False
        while True:
            asked = list(left) if asks_all else [*islice(left, max(_ASKED, len(left) - most))]
            done = self._setup.state.done_messages.noted(consumer, self._job, asked)
            for each in done:
                del left[each]
            self._show(note(len(left)))
            if len(left) <= most:
                return left
            now = self._polling.clock()
            if done:
                self._moved()
                applied_at = seen_at = now
            elif now - looked_at >= _MOST_POLL:
                looked_at = now
                if self._setup.queue.depth() != (0, 0):
                    seen_at = now
            # Where the oldest ones are stuck, later ones may be done.
            asks_all = not asks_all and now - applied_at >= _MOST_POLL
            group = next((messages[each] for each in sorted(left) if messages[each]), "")
            about = counted(len(left), "message")
            about += f", of group {group} for one" if group else ""
            if now - seen_at > MOVED_SECONDS:
                raise StackError(
                    f"its queue is empty, but {about}, were never applied: SQS moved them.",
                    thing=f"consumer {consumer}",
                    hint=f"See its DLQ in rowline status; {self._again}.",
                )
            if now - applied_at > STALLED_SECONDS:
                raise StackError(
                    f"has applied none of {about}, for {STALLED_SECONDS / 60:.0f} min.",
                    thing=f"consumer {consumer}",
                    hint="See rowline status. The same command continues it there.",
                )
            poll = _POLL_SHARE * (now - applied_at)
            self._polling.sleep(min(_MOST_POLL, max(_LEAST_POLL, poll)))
