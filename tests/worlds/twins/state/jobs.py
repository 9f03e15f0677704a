"""The twins of the stores that belong to a job."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from shared.adapters.state.redriven import RedriveOutcome
from shared.values.job import Job, JobLost, Slot


class MemoryDeletions:
    def __init__(self) -> None:
        self.runs: dict[tuple[str, str], dict[str, int]] = {}

    def record(self, consumer: str, run_id: str, deletions: dict[str, int]) -> None:
        held = self.runs.setdefault((consumer, run_id), {})
        for address, seq in deletions.items():
            held[address] = max(seq, held.get(address, 0))

    def read(
        self, consumer: str, run_id: str, addresses: list[str] | None = None
    ) -> dict[str, int]:
        held = self.runs.get((consumer, run_id), {})
        return (
            dict(held)
            if addresses is None
            else {address: held[address] for address in addresses if address in held}
        )


class MemoryDoneMessages:
    """`runs` holds the messages that are done, by consumer and run."""

    def __init__(self) -> None:
        self.runs: dict[tuple[str, str], set[str]] = {}

    def note(self, consumer: str, run_id: str, message_ids: list[str]) -> None:
        self.runs.setdefault((consumer, run_id), set()).update(message_ids)

    def noted(self, consumer: str, run_id: str, message_ids: list[str]) -> set[str]:
        return set(message_ids) & self.runs.get((consumer, run_id), set())


class MemoryRedriven:
    def __init__(self) -> None:
        self.runs: dict[tuple[str, str], dict[str, RedriveOutcome]] = {}

    def note(self, consumer: str, job: str, outcomes: Mapping[str, RedriveOutcome]) -> None:
        self.runs.setdefault((consumer, job), {}).update(outcomes)

    def read(self, consumer: str, job: str) -> dict[str, RedriveOutcome]:
        return dict(self.runs.get((consumer, job), {}))


class MemoryJobs:
    """Forgets what the other stores hold of a job that ends."""

    def __init__(
        self,
        deletions: MemoryDeletions,
        done_messages: MemoryDoneMessages,
        redriven: MemoryRedriven | None = None,
    ) -> None:
        self._redriven = redriven or MemoryRedriven()
        self._slots: dict[tuple[str, Slot], Job] = {}
        self._over: dict[tuple[str, str], Job] = {}
        self._deletions, self._done_messages = deletions, done_messages

    def current(self, consumer: str, slot: Slot) -> Job | None:
        return self._slots.get((consumer, slot))

    def begin(self, job: Job) -> bool:
        return self._slots.setdefault((job.consumer, job.slot), job) == job

    def take(self, seen: Job, holder: str) -> Job | None:
        held = self.current(seen.consumer, seen.slot)
        if held is None or (held.id, held.token, held.beat) != (seen.id, seen.token, seen.beat):
            return None
        return self._store(
            msgspec.structs.replace(
                seen,
                state="running",
                outcome="",
                holder=holder,
                token=seen.token + 1,
                beat=seen.beat + 1,
                asked="",
            )
        )

    def save(self, job: Job) -> Job:
        held = self.current(job.consumer, job.slot)
        if held is None or (held.id, held.token) != (job.id, job.token):
            raise JobLost.of(job)
        return self._store(msgspec.structs.replace(job, beat=job.beat + 1, asked=held.asked))

    def ask(self, job: Job, wish: Literal["pause", "cancel"]) -> None:
        held = self.current(job.consumer, job.slot)
        if held and held.id == job.id:
            self._store(msgspec.structs.replace(held, asked=wish))

    def end(self, job: Job) -> None:
        job = self.save(job)
        self._over[job.consumer, job.id] = msgspec.structs.replace(
            job, holder="", token=0, beat=0, asked=""
        )
        del self._slots[job.consumer, job.slot]
        self._sweep(job)

    def amend(self, job: Job) -> None:
        if (job.consumer, job.id) in self._over:
            self._over[job.consumer, job.id] = job
        self._sweep(job)

    def _sweep(self, job: Job) -> None:
        self._deletions.runs.pop((job.consumer, job.id), None)
        self._done_messages.runs.pop((job.consumer, job.id), None)
        self._redriven.runs.pop((job.consumer, job.id), None)

    def ended(self, consumer: str, limit: int) -> list[Job]:
        over = [job for (owner, _), job in self._over.items() if owner == consumer]
        return sorted(over, key=lambda job: job.id, reverse=True)[:limit]

    def _store(self, job: Job) -> Job:
        self._slots[job.consumer, job.slot] = job
        return job
