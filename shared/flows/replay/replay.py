"""Replay: reads archived changes in pages and sends them to one consumer, at a rate.

Killed anywhere, it continues: what was being sent is sent again, in the same messages.
"""

from collections.abc import Sequence

import msgspec

from shared.flows.jobs.awaiting_consumer import Awaiting
from shared.flows.jobs.deleting_again import delete_again
from shared.flows.jobs.fill_conditions import require_one_index
from shared.flows.jobs.filling_beside import Beside
from shared.flows.jobs.job_setup import JobSetup
from shared.flows.jobs.running_invocations import await_functions
from shared.flows.jobs.subscription_in_force import await_filter
from shared.flows.jobs.taking_a_job import hold
from shared.flows.replay.archive_barrier import await_barrier, barrier
from shared.flows.replay.archive_reader import ArchiveReader, page_event
from shared.flows.replay.archived_table import archived_table, grouping
from shared.flows.replay.asked_ahead import AskedAhead
from shared.flows.replay.groups_sent import groups_of, with_groups
from shared.flows.replay.heartbeat import beating
from shared.flows.replay.replay_report import ReplayReport
from shared.flows.replay.replay_sending import ReplaySending
from shared.values.archive_pages import PageRow, PartRequest, TableName
from shared.values.counted import counted
from shared.values.errors import ConfigError
from shared.values.message import Lane
from shared.values.progress import Progress
from shared.values.replay_work import ReplayWork

MOST_SENDING, MOST_FILLING = 1_000, 20_000
"""Changes that are sent before the progress is stored, by a replay and by a fill. They are spread
over the groups of their table: fewer would make small messages, of which the queue holds as many.
"""

PACE_SECONDS = 5.0
"""A slower rate sends fewer at once."""


class Replay:
    """Archived changes go to one consumer, never to the topic."""

    def __init__(self, setup: JobSetup) -> None:
        self._setup, self._consumer = setup, setup.consumer.name
        self._free_at = 0.0

    def run(self, work: ReplayWork) -> ReplayReport:
        """Send the chosen changes, or continue.

        Raises ConfigError where there is no archive, StackError where it lacks changes or the queue
        takes nothing, JobBusy when another process does it.
        """
        if work.into is None:
            require_one_index(self._setup)
        if self._setup.ask_archive is None:
            raise ConfigError(
                "has no archive any more.", thing="the stage", hint="Deploy it with `archive:`."
            )
        self._tenure = hold(self._setup, "fill", lambda: work, lambda job: job.work)
        polling = self._tenure.polling
        with self._tenure.kept():
            self._ahead = AskedAhead(self._setup.ask_archive, self._setup.in_background)
            ask = beating(self._ahead, lambda: self._show("reading the archive"))
            self._reader = ArchiveReader(ask)
            beside = Beside(self._setup, self._tenure, self._show)
            if self._work.bases and not self._work.through:
                # What the archive lacks must reach the consumer: a fill claims all rows.
                await_filter(self._setup, polling.sleep, self._wait)
            if self._work.into is not None:
                beside.begin([archived_table(self._setup, each) for each in self._tables])
            if not self._work.through:
                self._save(through=self._reached())
            job, source = self._tenure.job.id, self._setup.source.name
            lane: Lane = "backfill" if self._work.bases else "replay"
            self._sending = ReplaySending(
                self._setup.queue, self._setup.claims, source, job, polling, lane
            )
            self._applying = Awaiting(
                self._setup,
                job,
                polling,
                self._show,
                self._tenure.moved,
                again="cancel the replay and begin it again",
            )
            while self._work.at < len(self._tables):
                self._step()
            return self._finish(beside)

    def _wait(self, note: str) -> None:
        """Show a wait that ends by itself, in a later slice if need be."""
        self._tenure.moved()
        self._show(note)

    @property
    def _work(self) -> ReplayWork:
        work = self._tenure.job.work
        assert isinstance(work, ReplayWork)
        return work

    @property
    def _tables(self) -> Sequence[TableName]:
        return self._work.choice.tables

    def _reached(self) -> dict[str, int]:
        """Stream → the seq up to which archived changes count, once the archive is that far.

        A function that looked before this job began records no deletion for it. Only when its time
        is over, the consumer's marks tell what it has deleted. New indexes have waited for that.
        The barrier is stored, for an archive may be behind by more than a slice.
        """
        if not self._work.barrier:
            if self._work.into is None:
                until = "every function knows of the replay"
                await_functions(self._setup, self._tenure, self._show, until)
            ceilings: dict[str, int] = {}
            for base in self._work.bases.values():
                ceilings[base.stream] = max(base.ceiling, ceilings.get(base.stream, 0))
            self._save(barrier=barrier(self._setup, self._tables, ceilings))
        wanted = self._work.barrier
        return await_barrier(self._setup, self._reader, wanted, self._tenure, self._show)

    def _step(self) -> None:
        """Open the next table, or send one page of it."""
        work = self._work
        table = work.choice.tables[work.at]
        request = PartRequest(work.choice, table, work.through, work.first)
        base = work.bases.get(table.full)
        if base:
            request = msgspec.structs.replace(request, first=base.floor + 1, base=base.id)
        if not work.opened:
            parts = self._reader.parts(request)
            if not parts.changes and not base:
                return self._save(at=work.at + 1)
            return self._save(opened=True, first=parts.first, bounds=parts.bounds, part=0, low="")
        bounds = ("", *work.bounds, "")
        low, high = work.low or bounds[work.part], bounds[work.part + 1]
        page = self._reader.page(msgspec.structs.replace(request, low=low, high=high))
        if base:
            self._expect_after(page.rest, request, bounds)
        give_group = grouping(self._setup.source, table)
        for row in page.rows:
            give_group(row)
        counted = self._send(table, page.rows)
        if page.rest:
            return self._save(low=page.rest, sending=0, **counted)
        if work.part < len(work.bounds):
            return self._save(part=work.part + 1, low="", sending=0, **counted)
        return self._save(
            at=work.at + 1, opened=False, first=0, bounds=(), part=0, low="", sending=0, **counted
        )

    def _expect_after(self, rest: str, request: PartRequest, bounds: Sequence[str]) -> None:
        """The next page of the table is read while this one is sent and applied."""
        part = self._work.part + (0 if rest else 1)
        if part + 1 < len(bounds):
            low, high = rest or bounds[part], bounds[part + 1]
            self._ahead.expect(page_event(msgspec.structs.replace(request, low=low, high=high)))

    def _send(self, table: TableName, rows: Sequence[PageRow]) -> dict[str, int]:
        """Send the changes of a page; what is about to be sent is stored before.

        Returns the counts that are to be stored with the end of the page.
        """
        at, count, counted = 0, self._work.sending, dict[str, int]()
        if rows and not count:
            count = self._portion(rows, 0)
            self._begin(rows[:count], sending=count)
        while at < len(rows):
            self._applying.hold_back()
            self._keep_pace(min(count, len(rows) - at))
            some = rows[at : at + count]
            ids = self._sending.rows(table, some)
            self._applying.sent(ids)
            at += len(some)
            work = self._work
            counted = {"sent": work.sent + len(some), "messages": work.messages + len(ids)}
            if at < len(rows):
                count = self._portion(rows, at)
                place = rows[at].place
                self._begin(rows[at : at + count], low=place, sending=count, **counted)
            self._show()
        return counted

    def _keep_pace(self, count: int) -> None:
        """Wait until this many more may be sent."""
        clock = self._tenure.polling.clock
        if (left := self._free_at - clock()) > 0:
            self._tenure.polling.sleep(left)
        self._free_at = clock() + count / self._work.rate

    def _portion(self, rows: Sequence[PageRow], at: int) -> int:
        """How many of the rows from a place on are sent before the progress is stored.

        Truncations have no place of their own: they go with the first change behind them.
        """
        limit = MOST_FILLING if self._work.bases else MOST_SENDING
        most = max(1, min(limit, int(self._work.rate * PACE_SECONDS)))
        end = min(len(rows), at + most)
        while end < len(rows) and not rows[end].place:
            end += 1
        return end - at

    def _begin(self, rows: Sequence[PageRow], **changed: object) -> None:
        """Store what is about to be sent."""
        work = with_groups(self._work, self._setup.source.name, {row.group for row in rows})
        self._tenure.save(msgspec.structs.replace(work, **changed))

    def _finish(self, beside: Beside) -> ReplayReport:
        """Everything that was sent is applied, and what was deleted meanwhile is deleted again."""
        work, setup = self._work, self._setup
        groups = groups_of(work, setup.source.name)
        self._sending.end(work.choice.tables, groups)
        self._applying.until_done(self._sending.ends(groups))
        sleep = self._tenure.polling.sleep
        deleted = delete_again(setup, self._tenure.job.id, sleep, self._show)
        if work.into is not None:
            beside.end()
        pairs = work.into.pairs if work.into else {}
        report = ReplayReport(
            self._tenure.job.id,
            self._consumer,
            work.sent,
            work.messages,
            deleted,
            self._tenure.seconds(),
            {alias: pair.beside for alias, pair in pairs.items()},
        )
        outcome = f"{counted(work.sent, 'change')} of {counted(len(work.choice.tables), 'table')}"
        self._tenure.end(outcome, msgspec.to_builtins(report))
        return report

    def _save(self, **changed: object) -> None:
        self._tenure.save(msgspec.structs.replace(self._work, **changed))

    def _show(self, note: str = "") -> None:
        work = self._work
        tables = work.choice.tables
        name = tables[work.at].full if work.at < len(tables) else ""
        self._tenure.show(Progress(work.sent, max(work.sent, work.estimate), name, note))
