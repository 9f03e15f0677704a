"""Jobs: the long work of each consumer, under way and over."""

from typing import Literal, Protocol

from shared.values.job import Job, Slot


class Jobs(Protocol):
    """A slot of a consumer holds one job until it is over.

    A holder's writes are fenced by the job's token. While the slot `fill` holds a job, the consumer
    records its deletions under the job's id.
    """

    def current(self, consumer: str, slot: Slot) -> Job | None:
        """The job in a slot, as the former version stored it too."""
        ...

    def begin(self, job: Job) -> bool:
        """Put a job into its slot; False when another one is there."""
        ...

    def take(self, seen: Job, holder: str) -> Job | None:
        """Become the holder, when the job is still exactly as `seen` (token and beat).

        Returns the job as stored, running, None when somebody was faster.
        """
        ...

    def save(self, job: Job) -> Job:
        """Store progress and state; the job as stored, with what was `asked` meanwhile.

        Raises JobLost when another process holds the job, or it is over.
        """
        ...

    def ask(self, job: Job, wish: Literal["pause", "cancel"]) -> None:
        """Ask the holder to stop. Without effect on a job that is over."""
        ...

    def end(self, job: Job) -> None:
        """Keep the job as it ended, empty its slot, forget its deletions and done messages.

        Killed in between, the job is still in its slot, and ends when it is continued. Raises
        JobLost.
        """
        ...

    def ended(self, consumer: str, limit: int) -> list[Job]:
        """The jobs that are over, last begun first."""
        ...

    def amend(self, job: Job) -> None:
        """Store a job that is over in the place of itself, and forget what its end left.

        Without effect on one that is not kept any more.
        """
        ...


def is_under_way(jobs: Jobs, consumer: str, run: str) -> bool:
    """Whether the job with this id is in the consumer's slot `fill`. Raises as `Jobs.current`."""
    job = jobs.current(consumer, "fill")
    return job is not None and job.id == run
