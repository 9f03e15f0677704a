"""The queue's twin: a FIFO queue with deduplication."""

from shared.adapters.topic.contract import Entry
from tests.worlds.twins.topic import check


class MemoryQueue:
    """`sent` holds the accepted entries in order, `delayed` the seconds by receipt handle."""

    def __init__(self) -> None:
        self.sent: list[Entry] = []
        self.delayed: dict[str, int] = {}
        self._seen: set[str] = set()

    def send(self, entries: list[Entry]) -> list[str | None]:
        check(entries)
        for entry in entries:
            if entry.deduplication_id not in self._seen:
                self._seen.add(entry.deduplication_id)
                self.sent.append(entry)
        return [None] * len(entries)

    def delay(self, receipt_handles: list[str], seconds: int) -> None:
        self.delayed.update(dict.fromkeys(receipt_handles, seconds))

    def depth(self) -> tuple[int, int]:
        return len(self.sent), 0
