"""An SQS FIFO queue in memory: group lock, visibility time-out, DLQ, deduplication, retention."""

import time
from collections.abc import Callable, Iterator
from itertools import islice, takewhile
from threading import Lock

import msgspec

from shared.adapters.queue.contract import MAX_RECEIVED
from shared.adapters.topic.contract import Entry
from shared.values.delivery import Delivery
from tests.worlds.twins.topic import check

REMEMBERED = 300.0
"""Seconds for which a deduplication id is remembered, also after its message was deleted. Source:
SQS developer guide, "Exactly-once processing in Amazon SQS"."""

RETENTION = 14 * 86_400.0
"""Source: SQS API reference, SetQueueAttributes, MessageRetentionPeriod: at most 14 days."""

SCANNED = 120_000
"""Messages that a receive looks at for groups that are not locked. Source: SQS developer guide,
"Avoid large message backlogs with the same message group ID"."""


class _Kept(msgspec.Struct):
    """A message: when it was accepted, when it is visible again, how often it was received."""

    entry: Entry
    message_id: str
    accepted: float
    visible: float = 0.0
    receives: int = 0
    first_received: float = 0.0
    handle: str = ""


class MemoryQueue:
    """A Queue without a server.

    clock: seconds since 1970. visibility: its time-out in seconds.
    most_receives: of one message; the next receive moves it to `dlq`, if there is one.
    sent: the accepted entries in order. hidden: receipt handle → the seconds last asked for.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        *,
        visibility: float = 90.0,
        most_receives: int = 1000,
        dlq: "MemoryQueue | None" = None,
    ) -> None:
        self._clock, self._visibility = clock, visibility
        self._most_receives, self.dlq = most_receives, dlq
        self.sent: list[Entry] = []
        self.hidden: dict[str, int] = {}
        self.expired = 0
        self._kept: dict[str, _Kept] = {}
        self._seen: dict[tuple[str, str], float] = {}
        self._deleted: set[str] = set()
        self._numbers = 0
        self._one_at_a_time = Lock()

    def send(self, entries: list[Entry]) -> list[str | None]:
        check(entries)
        now = self._clock()
        for entry in entries:
            # The queues are deployed with DeduplicationScope messageGroup.
            key = entry.group, entry.deduplication_id
            if now - self._seen.get(key, float("-inf")) >= REMEMBERED:
                self._seen[key] = now
                self.sent.append(entry)
                self._accept(entry, now)
        return [None] * len(entries)

    def receive(
        self, most: int = MAX_RECEIVED, *, visibility: int | None = None, wait: int = 0
    ) -> list[Delivery]:
        with self._one_at_a_time:
            return self._receive(most, visibility)

    def _receive(self, most: int, visibility: int | None) -> list[Delivery]:
        now = self._clock()
        self._expire(now)
        locked = {one.entry.group for one in self._kept.values() if one.visible > now}
        received: list[Delivery] = []
        for one in list(islice(self._kept.values(), SCANNED)):
            if len(received) == min(most, MAX_RECEIVED):
                break
            if one.entry.group in locked:
                continue
            if self.dlq is not None and one.receives >= self._most_receives:
                del self._kept[one.message_id]
                self.dlq._accept(one.entry, now)
                continue
            one.receives += 1
            one.first_received = one.first_received or now
            one.handle = f"{one.message_id}#{one.receives}"
            one.visible = now + (self._visibility if visibility is None else visibility)
            received.append(self._delivery(one))
        return received

    def hide(self, receipt_handles: list[str], seconds: int) -> set[str]:
        refused = set()
        for handle, one in self._held(receipt_handles):
            self.hidden[handle] = seconds
            if one is None:
                refused.add(handle)
            else:
                one.visible = self._clock() + seconds
        return refused

    def delete(self, receipt_handles: list[str]) -> set[str]:
        refused = set()
        for handle, one in self._held(receipt_handles):
            if one is not None:
                del self._kept[one.message_id]
                self._deleted.add(handle)
            elif handle not in self._deleted:
                refused.add(handle)
        return refused

    def depth(self) -> tuple[int, int]:
        now = self._clock()
        self._expire(now)
        hidden = len([True for one in self._kept.values() if one.visible > now])
        return len(self._kept) - hidden, hidden

    def _accept(self, entry: Entry, now: float) -> None:
        self._numbers += 1
        message_id = f"message-{self._numbers}"
        self._kept[message_id] = _Kept(entry, message_id, now)

    def _expire(self, now: float) -> None:
        old = takewhile(lambda one: now - one.accepted >= RETENTION, self._kept.values())
        for one in list(old):  # they are in the order in which they were accepted
            del self._kept[one.message_id]
            self.expired += 1

    def _held(self, receipt_handles: list[str]) -> Iterator[tuple[str, _Kept | None]]:
        """Each handle with its message; None where the handle has expired."""
        now = self._clock()
        for handle in receipt_handles:
            one = self._kept.get(handle.partition("#")[0])
            valid = one is not None and one.handle == handle and one.visible > now
            yield handle, one if valid else None

    def _delivery(self, one: _Kept) -> Delivery:
        entry = one.entry
        return Delivery(
            one.message_id,
            one.handle,
            entry.body,
            entry.group,
            entry.deduplication_id,
            one.receives,
            entry.attributes,
            int(one.accepted * 1000),
            int(one.first_received * 1000),
        )
