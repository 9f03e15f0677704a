"""Publish queue: packed changes that wait, are in flight or failed, by message group.

A group has at most one message in flight, and a failed message holds its group: the same bytes
under the same deduplication id go first.
"""

import random
from collections.abc import Iterable, Iterator

from shared.adapters.topic.contract import MAX_ENTRIES
from shared.domain.change_encoding import Packed
from shared.domain.linger import Linger
from shared.domain.message_packing import MAX_MESSAGE_BYTES, Group, Parcel, take_parcel
from shared.domain.publish_again import publish_again_seconds
from shared.domain.trace_sampling import NO_SAMPLING, TraceSampler

MAX_REQUEST_BYTES = 262_144
"""Of a request. Source: SNS API reference, PublishBatch."""

SHRINK_SHARE = 0.1
"""How much one message says about how small the next ones become."""


class PublishQueue:
    """What waits to be published, by message group. Not safe for threads: `Outbox` keeps it.

    linger: seconds that a change waits for company on a quiet source.
    compress: messages travel compressed where that makes them smaller.
    sampler: decides which messages are traced.
    Times are monotonic seconds.
    """

    def __init__(
        self,
        linger: float,
        rng: random.Random,
        *,
        compress: bool = False,
        sampler: TraceSampler = NO_SAMPLING,
    ) -> None:
        self._linger, self._rng, self._compress = Linger(linger), rng, compress
        self._sampler = sampler
        self._shrink = 1.0  # bytes of JSON in one byte that is sent, lately
        self._groups: dict[str, Group] = {}  # with something not acknowledged
        self._ready: dict[str, Group] = {}  # may be sent, longest waiting first
        # failed, or packed without finding room: sent first, and their groups are closed until then
        self._parcels: list[Parcel] = []
        self._ready_bytes = 0
        self.bytes = 0
        self.acknowledged = self.requests = self.failures = 0

    def add(self, packed: Iterable[Packed], now: float, late: float = 0.0) -> None:
        """Add changes, in the order of their numbers.

        late: seconds since their commit, by the clocks of source and relay. Only the cost depends
            on it: see `Linger`.
        """
        self._linger.late = late
        for each in packed:
            name, size = each.header.group, len(each.json)
            group = self._groups.get(name)
            if group is None:
                group = self._groups[name] = self._ready[name] = Group()
                group.first, group.since = each.seq, now
            elif not group.waiting:
                group.since = now
            group.waiting.append(each)
            group.weight += size
            self.bytes += size
            self._linger.arrived += 1
            if group.parcel is None:
                self._ready_bytes += size

    def low(self) -> int | None:
        """The lowest number that is not acknowledged; None when all are."""
        return min((group.first for group in self._groups.values()), default=None)

    @property
    def empty(self) -> bool:
        return not self._groups

    def due(self, now: float) -> float | None:
        """Seconds until `take` has something to send (0: now), None when nothing waits."""
        self._linger.measure(now)
        soonest = min((parcel.retry_at for parcel in self._parcels), default=None)
        if self._ready:
            # Ten groups carry about as much as ten average ones: is that a full request?
            full = min(MAX_REQUEST_BYTES * self._shrink, MAX_ENTRIES * MAX_MESSAGE_BYTES)
            if self._ready_bytes * MAX_ENTRIES >= full * max(len(self._ready), MAX_ENTRIES):
                return 0.0
            oldest = next(iter(self._ready.values())).since + self._linger.seconds()
            soonest = oldest if soonest is None else min(soonest, oldest)
        return None if soonest is None else max(0.0, soonest - now)

    def hurry(self) -> None:
        """Send what is here without waiting for more: nothing more will be added."""
        self._linger.hurried = True

    def take(self, now: float) -> list[Parcel]:
        """The parcels of the next request; empty when nothing is due.

        Their groups are in flight until they are settled.
        """
        if self.due(now) != 0.0:
            return []
        parcels: list[Parcel] = []
        room = MAX_REQUEST_BYTES
        for parcel in [parcel for parcel in self._parcels if parcel.retry_at <= now]:
            if len(parcels) < MAX_ENTRIES and parcel.size <= room:
                self._parcels.remove(parcel)
                parcels.append(parcel)
                room -= parcel.size
        for name, group in list(self._candidates(MAX_ENTRIES * 3)):
            if len(parcels) == MAX_ENTRIES:
                break
            packed = take_parcel(
                group, int(room * self._shrink), compress=self._compress, sampler=self._sampler
            )
            if packed is None:
                continue
            del self._ready[name]
            self._ready_bytes -= packed.weight + group.weight
            group.parcel = packed
            if packed.size > room:
                # It is compressed less than those before it: the next request begins with it.
                self._parcels.append(packed)
                break
            parcels.append(packed)
            room -= packed.size
            self._shrink += SHRINK_SHARE * (packed.raw / packed.size - self._shrink)
        self.requests += bool(parcels)
        return parcels

    def settle(self, parcels: list[Parcel], fates: list[str | None], now: float) -> None:
        """What became of a request: per parcel None (acknowledged), or why it failed.

        What failed together is sent again together: a service that throttles gets no more requests.
        """
        spread = self._rng.uniform(0.5, 1.0)
        for parcel, fate in zip(parcels, fates, strict=True):
            group, name = parcel.group, parcel.entry.group
            if fate is None:
                self.bytes -= parcel.weight
                self.acknowledged += parcel.changes
                group.parcel = None
                if group.waiting:
                    group.first = group.waiting[0].seq
                    self._ready[name] = group
                    self._ready_bytes += group.weight
                else:
                    del self._groups[name]
            else:
                self.failures += 1
                parcel.retry_at = now + publish_again_seconds(parcel.failures, spread)
                parcel.failures += 1
                self._parcels.append(parcel)

    def _candidates(self, most: int) -> Iterator[tuple[str, Group]]:
        for number, item in enumerate(self._ready.items()):
            if number == most:
                return
            yield item
