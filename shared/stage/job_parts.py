"""Job parts: the parts of a job of a consumer, and the start of its slices."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from shared.domain.deletion_limit import DeletionRefused
from shared.domain.subscription_filter import filter_policy, filter_text
from shared.stage.sink_parts import SinkParts
from shared.stage.snapshot_parts import SnapshotParts
from shared.values.settings import ConsumerSettings

if TYPE_CHECKING:
    from shared.flows.jobs.job_lease import Tenure
    from shared.flows.jobs.job_setup import JobSetup
    from shared.flows.redrive.redrive_setup import RedriveSetup
    from shared.values.job import Job
    from shared.values.progress import Progress


class JobParts(SinkParts, SnapshotParts):
    """The jobs of a stage."""

    def job(
        self,
        name: str,
        *,
        by: str,
        show: "Callable[[Progress], None]" = lambda _progress: None,
        consent: "Callable[[DeletionRefused], bool]" = lambda _refused: False,
        tenure: "Tenure | None" = None,
    ) -> "JobSetup":
        """The parts of a job of a consumer; see `JobSetup` for the parameters."""
        from shared.flows.jobs.job_setup import JobSetup

        consumer = self.consumer(name)
        source = self.settings.source_of(consumer)
        kept = self.settings.archive if consumer.kind == "archive" else None
        return JobSetup(
            consumer,
            source,
            database=self.snapshot_source(source) if kept else self.database(source.name),
            state=self.state,
            claims=self.claims,
            queue=self.queue(name),
            sink=self.sink(name),
            mask_key=self.mask_key(source),
            by=by,
            reads=self.reads(source),
            writes=self.writes(consumer),
            consent=consent,
            show=show,
            takeover=self.takeover(name),
            examiner=self.examiner(name),
            tenure=tenure,
            subscribed_ms=self._subscribed_ms(consumer),
            longest_s=self._longest_s(consumer),
            ask_archive=self.ask_archive if self.settings.archive else None,
            snapshots=self.snapshots if kept else None,
            most_rows=kept.snapshots.rows_per_second if kept else 0,
        )

    def ask_archive(self, event: dict[str, Any]) -> dict[str, Any]:
        """What the archive's function answers to an event. Raises StackError, StateUnavailable."""
        return self.functions.call(self.resources.archive_function, event)

    def _subscribed_ms(self, consumer: ConsumerSettings) -> int:
        """Since when the watch has seen the deployed filter; 0 on the local stage: it acts at once.

        A filter that the watch has not seen yet has just been deployed.
        """
        if self.name == "local":
            return 0
        seen = self.state.pulses.read().memory.subscribed.get(consumer.name)
        if seen is None or seen.filter != filter_text(filter_policy(consumer)):
            return int(time.time() * 1000)
        return seen.since_ms

    def _longest_s(self, consumer: ConsumerSettings) -> int:
        """The longest time-out that an invocation under way may have; see `note_timeouts`.

        On the local stage it is the deployed one: whoever tries things there need not wait.
        """
        if self.name == "local":
            return 0
        seen = self.state.pulses.read().memory.timeouts.get(consumer.name)
        return seen.longest(int(time.time() * 1000)) if seen else 0

    def redrive(
        self,
        name: str,
        *,
        by: str = "",
        show: "Callable[[Progress], None]" = lambda _: None,
        tenure: "Tenure | None" = None,
    ) -> "RedriveSetup":
        """The parts of a redrive of a consumer; see `RedriveSetup` for the parameters."""
        from shared.flows.redrive.redrive_setup import RedriveSetup

        consumer = self.consumer(name)
        queue = self.queue(name)
        return RedriveSetup(
            consumer,
            self.state,
            self.claims,
            queue,
            by,
            show,
            tenure=tenure,
            # a slice of the jobs function has no right to start it, and may wait for the schedule
            start_drain=(lambda: self.start_drain(name)) if tenure is None else lambda: None,
        )

    def start_slice(self, job: "Job") -> None:
        """Start a slice of a job in the jobs function. Raises StackError, StateUnavailable."""
        event = {"consumer": job.consumer, "slot": job.slot}
        self.functions.start(self.resources.jobs_function, event)
