"""Redrive: one job that sends commands and waits until the consumer has carried them out."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from shared.adapters.topic.contract import Entry
from shared.domain.parked_by_reason import by_reason
from shared.domain.parked_where import ParkedWhere
from shared.domain.superseded import superseded_among
from shared.flows.jobs.job_lease import Tenure
from shared.flows.jobs.redrive_and_replay_rate import RATE
from shared.flows.jobs.taking_a_job import hold
from shared.flows.redrive.changes_to_redrive import chosen_changes, commands
from shared.flows.redrive.dropped_copy import copies
from shared.flows.redrive.redrive_report import RedrivePlan, RedriveReport, job_outcome
from shared.flows.redrive.redrive_setup import RedriveSetup
from shared.values.due_cause import expired_in
from shared.values.errors import ConfigError, StateUnavailable
from shared.values.job import Job, Work
from shared.values.parked_change import ParkedChange
from shared.values.progress import Progress
from shared.values.redrive_command import RedriveAction, RedriveCommand, moved_mark
from shared.values.redrive_work import RedriveWork

WINDOW = 20
"""Commands on their way at once: other messages of the queue must not wait for long."""

POLL_SECONDS = 0.5
SLOW_SECONDS = 60.0
"""After this long without an answer, a person is told where to look."""

DRAIN_SECONDS = 10.0
"""A consumer that a schedule drains is started this often while commands are under way."""

_FOREVER = 1 << 62


class Redrive:
    """The parked changes of one consumer, applied again or dropped."""

    def __init__(self, setup: RedriveSetup) -> None:
        self._setup, self._name = setup, setup.consumer.name
        self._state = setup.state

    def plan(self, where: ParkedWhere) -> RedrivePlan:
        """What would be done. Reads only."""
        changes = chosen_changes(
            self._state.parked, self._name, where, _FOREVER, closes=self._setup.consumer.closes_rows
        )
        rows = self._state.parked.rows(self._name, {change.row_id for change in changes})
        now = self._setup.now_ms() // 1000
        older = superseded_among(changes, rows)
        return RedrivePlan(
            self._name,
            str(where),
            len(changes),
            len({change.row_id for change in changes}),
            len(older),
            sum(change.expires <= now for change in changes),
            by_reason(changes),
            self._become_due(
                change for change in changes if change.expires <= now and change not in older
            ),
        )

    def _become_due(self, expired: Iterable[ParkedChange]) -> list[str]:
        """The tables that a redrive of changes without payload makes due."""
        consumer = self._setup.consumer
        if not consumer.rereads_rows:
            return []
        named = ([one.table] if one.table else consumer.tables for one in expired)
        return sorted({table for tables in named for table in tables})

    def run(
        self, where: ParkedWhere, action: RedriveAction = "apply", rate: float = RATE
    ) -> RedriveReport:
        """Do it, or continue the one that was interrupted. Raises JobBusy, ConfigError."""
        setup = self._setup

        def begin() -> Work:
            return RedriveWork(str(where), setup.now_ms() + 1, action, rate=rate)

        def resume(job: Job) -> Work:
            work = job.work
            assert isinstance(work, RedriveWork)
            other = setup.tenure is None and (work.where, work.action) != (str(where), action)
            if other:
                raise ConfigError(
                    f"{job.kind} {job.id} of other changes was interrupted: "
                    f"--where {work.where!r}.",
                    thing=f"consumer {self._name}",
                    hint=f"Run that again, or end it: rowline jobs cancel {job.id}.",
                )
            return msgspec.structs.replace(work, attempt=work.attempt + 1)

        tenure = hold(setup, "redrive", begin, resume)
        with tenure.kept():
            report = self._work(tenure)
            tenure.end(job_outcome(report), msgspec.to_builtins(report))
        return report

    def _work(self, tenure: Tenure) -> RedriveReport:
        work, job = _work_of(tenure), tenure.job.id
        settled = self._state.redriven.read(self._name, job)
        left = chosen_changes(
            self._state.parked,
            self._name,
            ParkedWhere.parse(work.where),
            work.before_ms,
            settled,
            closes=self._setup.consumer.closes_rows and work.action == "apply",
            slim=True,
        )
        if not work.chosen:
            work = msgspec.structs.replace(work, chosen=len(left) + len(settled))
            tenure.save(work)
        if work.action == "drop":
            self._drop(tenure, left)
        else:
            self._send(tenure, left)
        counts = Counter(self._state.redriven.read(self._name, job).values())
        return RedriveReport(
            self._name,
            job,
            work.chosen,
            applied=counts["applied"],
            superseded=counts["superseded"],
            filtered=counts["filtered"],
            again=counts["again"],
            expired=counts["expired"],
            due=counts["due"],
            due_tables=sorted(
                table
                for table, cause in self._state.dues.of_consumer(self._name).items()
                if cause == expired_in(job)
            ),
            dropped=counts["dropped"],
            gone=max(0, work.chosen - counts.total()),
            archive=_work_of(tenure).archive,
            seconds=tenure.seconds(),
        )

    def _drop(self, tenure: Tenure, left: list[ParkedChange]) -> None:
        """Store a copy of some changes and drop these, until none is left."""
        sent, setup, job = 0, self._setup, tenure.job.id
        parts = copies(setup.claims, self._state.parked, self._name, left)
        for number, (some, copy) in enumerate(parts, 1):
            work = _work_of(tenure)
            folder = f"{self._name}/{job}"
            address = setup.claims.archive(f"{folder}/{work.attempt}-{number:05d}.jsonl", copy)
            if not work.archive:
                place = f"{address.rpartition('/')[0]}/"
                tenure.save(msgspec.structs.replace(work, archive=place))
            sent += len(some)
            self._send(tenure, some, left[sent:])

    def _send(
        self, tenure: Tenure, left: list[ParkedChange], behind: Sequence[ParkedChange] = ()
    ) -> None:
        """Send a command after the other, few at once, and wait until all are carried out.

        behind: what comes after these.
        """
        work, job, clock = _work_of(tenure), tenure.job.id, tenure.polling.clock
        under_way: dict[str, RedriveCommand] = {}
        done = work.chosen - len(left) - len(behind)
        next_at = heard_at = drain_at = clock()
        continued = behind[0].group if behind else ""
        waiting = commands(left, job, work.attempt, work.action, continued)
        upcoming = next(waiting, None)
        while upcoming or under_way:
            if upcoming and len(under_way) < WINDOW and clock() >= next_at:
                if self._accepted(upcoming):
                    under_way[upcoming.deduplication_id] = upcoming
                    next_at = clock() + upcoming.changes / (work.rate or RATE)
                    upcoming = next(waiting, None)
                    continue
                next_at = clock() + POLL_SECONDS
            moved = {moved_mark(id): id for id in under_way}
            noted = self._state.done_messages.noted(self._name, job, [*under_way, *moved])
            for id in noted & under_way.keys():
                done += under_way.pop(id).changes
                heard_at = clock()
            self._send_again(under_way, [moved[mark] for mark in noted & moved.keys()])
            note = ""
            if clock() - heard_at > SLOW_SECONDS:
                note = f"the consumer has not answered for a while: rowline status ({self._name})"
            if under_way and clock() >= drain_at:
                self._setup.start_drain()
                drain_at = clock() + DRAIN_SECONDS
            tenure.show(Progress(done, work.chosen, note=note))
            if under_way or upcoming:
                tenure.polling.sleep(POLL_SECONDS)

    def _send_again(self, under_way: dict[str, RedriveCommand], moved: list[str]) -> None:
        """Send the commands that SQS moved to the DLQ again, each under another id.

        moved: their ids. A command that was carried out nevertheless is not under way any more. One
        that is not accepted is found again in the next round.
        """
        for id in moved:
            if id not in under_way:
                continue
            command = under_way[id]
            other = msgspec.structs.replace(command, attempt=command.attempt + 1)
            if self._accepted(other):
                del under_way[id]
                under_way[other.deduplication_id] = other

    def _accepted(self, command: RedriveCommand) -> bool:
        """Whether SQS took it; else the same is sent again, which it then takes for one."""
        entry = Entry(
            command.encoded(),
            command.group,
            command.deduplication_id,
            command.attributes(self._setup.consumer.source),
        )
        try:
            return self._setup.queue.send([entry]) == [None]
        except StateUnavailable:
            return False


def _work_of(tenure: Tenure) -> RedriveWork:
    assert isinstance(tenure.job.work, RedriveWork)
    return tenure.job.work
