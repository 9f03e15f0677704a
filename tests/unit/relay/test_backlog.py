"""Backlog: full requests under load, quick ones otherwise, and a group waits for its failed message."""

import random

import pytest

from shared.adapters.claims.memory import MemoryClaims
from shared.adapters.state.memory import MemorySchemas
from shared.adapters.topic.memory import check
from shared.flows.relay.backlog import MAX_WAITING_BYTES, Backlog, Parcel
from shared.flows.relay.packing import MAX_CHANGE_BYTES, Packed, Packing
from shared.values.change import Change, Transaction
from shared.values.message import decode
from tests.unit.relay.simulated import table
from tests.unit.relay.traffic import run

LISTINGS = table("listings", "text")


class Feed:
    """Makes packed changes with dense numbers."""

    def __init__(self) -> None:
        self.claims = MemoryClaims()
        self.packing = Packing("shop", {}, MemorySchemas(), self.claims)
        self.seq = 0

    def change(self, shard: int, size: int = 300) -> Packed:
        self.seq += 1
        after = {"id": self.seq, "text": "é" * (size // 2)}
        change = Change(f"t/{self.seq}", self.seq, "c", 1, {"id": self.seq}, None, after, Transaction("t", 0, True))
        return self.packing.pack((LISTINGS, shard, change))


def backlog(linger: float = 0.02) -> Backlog:
    return Backlog(linger, random.Random(1))


def seqs(parcel: Parcel) -> list[int]:
    return [change.seq for change in decode(parcel.entry.body).changes]


def drain(waiting: Backlog, now: float) -> list[list[Parcel]]:
    requests = []
    while parcels := waiting.take(now):
        check([parcel.entry for parcel in parcels])
        requests.append(parcels)
        waiting.settle(parcels, [None] * len(parcels), now)
    return requests


def test_one_change_leaves_when_its_linger_is_over() -> None:
    feed, waiting = Feed(), backlog()
    waiting.add([feed.change(0)], 10.0)
    assert waiting.take(10.01) == []
    assert 0 < (waiting.due(10.01) or 0) <= 0.011
    (parcel,) = waiting.take(10.021)
    assert seqs(parcel) == [1]
    assert waiting.take(11.0) == []


def test_a_full_request_does_not_wait() -> None:
    feed, waiting = Feed(), backlog(linger=60)
    for number in range(300):
        waiting.add([feed.change(number % 10, 1000)], 1.0)
    assert 200_000 < sum(parcel.size for parcel in waiting.take(1.0)) <= 262_144


def test_no_request_is_larger_than_sns_takes() -> None:
    feed, waiting, rng = Feed(), backlog(), random.Random(7)
    for _ in range(600):
        waiting.add([feed.change(rng.randrange(13), rng.choice([10, 300, 5_000, 90_000, 190_000]))], 0.0)
    requests = drain(waiting, 99.0)
    for parcel in (parcel for request in requests for parcel in request):
        assert len(parcel.entry.body.encode()) <= 240 * 1024
    assert sorted(seq for request in requests for parcel in request for seq in seqs(parcel)) == list(range(1, 601))
    assert waiting.empty
    assert waiting.bytes == 0


def test_a_message_carries_at_most_500_changes() -> None:
    feed, waiting = Feed(), backlog()
    waiting.add([feed.change(0, 2) for _ in range(1200)], 0.0)
    assert [parcel.changes for request in drain(waiting, 9.0) for parcel in request] == [500, 500, 200]


def test_one_message_a_group_is_in_flight_and_a_failed_one_goes_first_unchanged() -> None:
    feed, waiting = Feed(), backlog()
    waiting.add([feed.change(0), feed.change(1)], 0.0)
    first, other = waiting.take(1.0)
    waiting.add([feed.change(0), feed.change(1)], 1.0)
    assert waiting.take(2.0) == []
    waiting.settle([first, other], ["Throttled", None], 2.0)
    (later,) = waiting.take(2.01)
    assert seqs(later) == [4]
    assert waiting.low() == 1
    (again,) = waiting.take(3.0)
    assert again is first
    waiting.settle([again], [None], 3.0)
    assert [seqs(parcel) for parcel in waiting.take(4.0)] == [[3]]
    assert waiting.low() == 3


def test_failures_back_off() -> None:
    feed, waiting = Feed(), backlog()
    waiting.add([feed.change(0)], 0.0)
    now, pauses = 1.0, []
    (parcel,) = waiting.take(now)
    for _ in range(12):
        waiting.settle([parcel], ["Throttled"], now)
        pause = waiting.due(now) or 0.0
        pauses.append(pause)
        assert waiting.take(now + pause / 2) == []
        now += pause + 0.001
        (parcel,) = waiting.take(now)
    assert 0.05 <= pauses[0] <= 0.1
    assert max(pauses) <= 5.0
    assert pauses[-1] >= 2.5


@pytest.mark.parametrize("rate", [2_000, 3_000, 5_000, 10_000, 50_000])
def test_a_relay_that_is_behind_sends_at_most_eight_requests_for_1000_changes(rate: int) -> None:
    """Rows of 300 bytes over 64 groups, however fast the reader is, also when the publishers could do more."""
    outcome = run(rate, seconds=4_000 / rate + 1, age=60, burst=rate // 1_000)
    assert outcome.requests_per_1000 <= 8
    assert outcome.delay(1) < 3


@pytest.mark.parametrize("rate", [5, 20, 100])
def test_on_a_quiet_source_a_change_leaves_within_50_ms(rate: int) -> None:
    assert run(rate, seconds=200 / rate, age=60, seed=rate).delay(1) <= 0.05


@pytest.mark.parametrize("rate", [200, 1_000, 5_000])
def test_a_busier_source_needs_no_more_requests_a_second_than_a_calm_one(rate: int) -> None:
    """Fuller requests rather than more of them: what a second costs is bounded, and so is the wait."""
    outcome = run(rate, seconds=2, burst=max(1, rate // 1_000))
    assert outcome.requests / 2 <= 55
    assert outcome.delay(0.99) <= 0.25


def test_publishers_share_no_group_whatever_fails() -> None:
    outcome = run(5_000, seconds=0.6, publishers=6, groups=12, fails=0.2)
    assert outcome.overlaps == 0
    assert outcome.order == {group: sorted(seqs) for group, seqs in outcome.order.items()}
    assert outcome.changes == sum(len(seqs) for seqs in outcome.order.values()) == outcome.added


def test_what_failed_together_goes_again_together() -> None:
    """A service that throttles gets no more requests for it."""
    feed, waiting = Feed(), backlog()
    waiting.add([feed.change(shard) for shard in range(8)], 0.0)
    first = waiting.take(1.0)
    waiting.settle(first, ["Throttled"] * 8, 1.0)
    assert waiting.take(1.0 + (waiting.due(1.0) or 0.0)) == first


def test_a_relay_that_ends_waits_for_no_company() -> None:
    feed, waiting = Feed(), backlog(linger=60)
    waiting.add([feed.change(0)], 1.0)
    assert waiting.take(1.0) == []
    waiting.hurry()
    assert len(waiting.take(1.0)) == 1


def test_a_backlog_that_is_full_says_so() -> None:
    feed, waiting = Feed(), backlog()
    while not waiting.full:
        waiting.add([feed.change(feed.seq % 64, 150_000)], 0.0)
    assert MAX_WAITING_BYTES <= waiting.bytes < MAX_WAITING_BYTES + 200_000


def test_a_row_too_large_for_a_message_is_left_in_the_claim_store() -> None:
    feed, waiting = Feed(), backlog()
    big = feed.change(0, 1_000_000)
    waiting.add([big], 0.0)
    (parcel,) = waiting.take(1.0)
    (change,) = decode(parcel.entry.body).changes
    assert (change.before, change.after, change.key) == (None, None, {"id": 1})
    assert change.claim.startswith("s3://claims/claims/shop/")
    assert len(feed.claims.get(change.claim)) > MAX_CHANGE_BYTES
    assert feed.change(0, 1_000_000).json != big.json
    feed.seq = 0
    assert feed.change(0, 1_000_000).json == big.json, "packed again after a crash it has the same claim"
    assert len(feed.claims.objects) == 2


def test_schema_versions_are_not_mixed_in_a_message() -> None:
    feed, waiting = Feed(), backlog()
    waiting.add([feed.change(0), feed.change(0)], 0.0)
    change = Change("t/3", 3, "c", 1, {"id": 3}, None, {"id": 3, "price": 4}, Transaction("t", 0, True))
    waiting.add([feed.packing.pack((table("listings", "price"), 0, change))], 0.0)
    messages = [decode(parcel.entry.body) for request in drain(waiting, 9.0) for parcel in request]
    assert [(message.schema_version, len(message.changes)) for message in messages] == [(1, 2), (2, 1)]
