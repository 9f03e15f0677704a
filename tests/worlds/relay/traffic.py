"""Traffic: a relay's queue and its publishers on a virtual clock, at a rate of changes, with a
topic that takes its time.

Shows what a rule of waiting costs and gains: requests per 1,000 changes, and how much later a
change is published for it.
"""

import heapq
import random
from dataclasses import dataclass, field
from itertools import count

from shared.domain.change_encoding import Header, Packed
from shared.domain.message_packing import Parcel
from shared.domain.publish_queue import PublishQueue
from tests.worlds.twins.topic import check

GROUPS = 64
SIZE = 450
"""Bytes of a change as JSON whose row has 300."""


def headers(groups: int) -> list[Header]:
    names = {"source": "shop", "table": "shop.listings", "lane": "live"}
    return [
        Header(f"group-{number}", b'{"changes":[', b"]}", names, 200) for number in range(groups)
    ]


def numbers(parcel: Parcel) -> list[int]:
    """The numbers of the changes inside, which stand at the beginning of each."""
    start = parcel.entry.body.index("[") + 1
    return [int(parcel.entry.body[start + at * (SIZE + 1) :][:12]) for at in range(parcel.changes)]


@dataclass
class TrafficOutcome:
    """What came of it. `delays` in seconds per change: from its arrival in the queue to the start
    of its request.
    """

    changes: int = 0
    messages: int = 0
    requests: int = 0
    delays: list[float] = field(default_factory=list)
    overlaps: int = 0
    """Requests that began while another one carried one of their message groups."""

    added: int = 0
    order: dict[str, list[int]] = field(default_factory=dict)
    """Per message group the numbers in the order of their acknowledgement."""

    @property
    def requests_per_1000(self) -> float:
        return self.requests * 1000 / self.changes

    @property
    def changes_per_message(self) -> float:
        return self.changes / self.messages

    def delay(self, share: float) -> float:
        """The delay, in seconds, that this share of the changes did not exceed."""
        return sorted(self.delays)[int(share * (len(self.delays) - 1))]


def run(
    rate: float,
    *,
    seconds: float,
    age: float = 0.0,
    publishers: int = 4,
    reply: float = 0.02,
    groups: int = GROUPS,
    linger: float = 0.02,
    burst: int = 1,
    fails: float = 0.0,
    seed: int = 1,
) -> TrafficOutcome:
    """`rate` changes a second arrive, `burst` at a time and at random moments, `age` seconds after
    their commit; a request takes `reply` seconds, and a message of it fails with probability
    `fails`. `linger` is the relay's setting, in seconds.
    """
    rng, outcome, order = random.Random(seed), TrafficOutcome(), count()
    queue = PublishQueue(linger, rng)
    heads, arrived = headers(groups), dict[int, float]()
    events: list[tuple[float, int, str, list[Parcel]]] = [(0.0, next(order), "arrive", [])]
    idle, seq, wake, flying = publishers, 0, 0.0, set[str]()
    while events:
        now, _, kind, parcels = heapq.heappop(events)
        if kind == "arrive":
            if now < seconds:
                some = []
                for _ in range(burst):
                    seq += 1
                    some.append(
                        Packed(
                            seq,
                            str(seq),
                            b"%012d" % seq + b"x" * (SIZE - 12),
                            heads[rng.randrange(groups)],
                        )
                    )
                    arrived[seq] = now
                queue.add(some, now, age)
                outcome.added = seq
                heapq.heappush(
                    events, (now + rng.expovariate(rate / burst), next(order), "arrive", [])
                )
        elif kind == "settle":
            idle += 1
            flying -= {parcel.entry.group for parcel in parcels}
            fates = ["Throttled" if rng.random() < fails else None for _ in parcels]
            for parcel, fate in zip(parcels, fates, strict=True):
                if fate is None:
                    outcome.order.setdefault(parcel.entry.group, []).extend(numbers(parcel))
            queue.settle(parcels, fates, now)
        while idle and (taken := queue.take(now)):
            check([parcel.entry for parcel in taken])
            names = {parcel.entry.group for parcel in taken}
            outcome.overlaps += bool(names & flying)
            flying |= names
            outcome.requests += 1
            for parcel in taken:
                if not parcel.failures:
                    outcome.changes += parcel.changes
                    outcome.messages += 1
                    outcome.delays += [now - arrived.pop(each) for each in numbers(parcel)]
            idle -= 1
            heapq.heappush(events, (now + reply, next(order), "settle", taken))
        due = queue.due(now)
        if idle and due and not now < wake <= now + due:
            wake = now + due
            heapq.heappush(events, (now + due, next(order), "wake", []))
    return outcome
