"""The twins of the stores that belong to a run."""

from shared.adapters.state.jobs import Run, another_run


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


class MemoryJobs:
    """Forgets what `deletions` and `done_messages` hold of a run that ends."""

    def __init__(self, deletions: MemoryDeletions, done_messages: MemoryDoneMessages) -> None:
        self._runs: dict[str, Run] = {}
        self._deletions, self._done_messages = deletions, done_messages

    def run(self, consumer: str) -> Run | None:
        return self._runs.get(consumer)

    def save(self, consumer: str, run: Run) -> None:
        other = self._runs.get(consumer)
        if other and other.id != run.id:
            raise another_run(consumer, other.id)
        self._runs[consumer] = run

    def end(self, consumer: str, run_id: str) -> None:
        run = self._runs.get(consumer)
        if run and run.id == run_id:
            del self._runs[consumer]
        self._deletions.runs.pop((consumer, run_id), None)
        self._done_messages.runs.pop((consumer, run_id), None)
