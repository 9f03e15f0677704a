"""The topic's twin: keeps what was published, deduplicates as SNS FIFO does."""

import re
import threading

from shared.adapters.topic.contract import MAX_ENTRIES, Entry

MAX_BYTES = 262_144


class MemoryTopic:
    """`published` holds the accepted entries in order, `requests` counts the calls."""

    def __init__(self) -> None:
        self.published: list[Entry] = []
        self.requests = 0
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def publish(self, entries: list[Entry]) -> list[str | None]:
        check(entries)
        with self._lock:
            self.requests += 1
            for entry in entries:
                if entry.deduplication_id not in self._seen:
                    self._seen.add(entry.deduplication_id)
                    self.published.append(entry)
        return [None] * len(entries)


def size_of(entry: Entry) -> int:
    """Bytes that count against the limit: body, and names, types and values of the attributes.

    Source: SNS developer guide, "Message attributes".
    """
    attributes = sum(
        len(name.encode()) + len("String") + len(value.encode())
        for name, value in entry.attributes.items()
    )
    return len(entry.body.encode()) + attributes


_REFUSED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Source: SQS API reference, SendMessage, "MessageBody"; SNS passes on what it is given."""


def check(entries: list[Entry]) -> None:
    """What AWS refuses in a whole request is a defect of the caller."""
    if not 1 <= len(entries) <= MAX_ENTRIES:
        raise ValueError(f"{len(entries)} entries in one request")
    if len({entry.group for entry in entries}) != len(entries):
        raise ValueError("two messages of one group in one request")
    for entry in entries:
        for text in (entry.body, *entry.attributes.values()):
            if found := _REFUSED.search(text):
                raise ValueError(f"U+{ord(found[0]):04X} in a message")
    if sum(map(size_of, entries)) > MAX_BYTES:
        raise ValueError("more than 262,144 bytes in one request")
