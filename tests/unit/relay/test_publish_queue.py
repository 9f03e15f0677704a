"""PublishQueue (long: one subject): full requests under load, quick ones otherwise, order after a
failed message.
"""

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shared.domain.change_encoding import ChangeEncoding, Packed
from shared.domain.large_change import MAX_CHANGE_BYTES
from shared.domain.message_packing import Parcel
from shared.domain.publish_queue import PublishQueue
from shared.flows.relay.publishing.outbox import MAX_WAITING_BYTES, Outbox
from shared.values.change import Change, Transaction
from shared.values.compression import expanded
from shared.values.message import decode
from tests.tier import TIER
from tests.worlds.relay.simulated import table
from tests.worlds.relay.traffic import run
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.state import MemorySchemas
from tests.worlds.twins.topic import check, size_of

LISTINGS = table("listings", "text")
NOW = 1_700_000_000.0  # seconds since 1970


class Feed:
    """Makes packed changes with dense numbers."""

    def __init__(self) -> None:
        self.claims = MemoryClaims()
        self.packing = ChangeEncoding("shop", MemorySchemas(), self.claims)
        self.seq = 0

    def change(
        self, shard: int, size: int = 300, content: Callable[[int], Any] | None = None
    ) -> Packed:
        """A row of about `size` bytes."""
        self.seq += 1
        after = {"id": self.seq, "text": content(size * 3 // 4) if content else "é" * (size // 2)}
        change = Change(
            f"t/{self.seq}",
            self.seq,
            "c",
            1,
            {"id": self.seq},
            None,
            after,
            Transaction("t", 0, True),
        )
        return self.packing.pack((LISTINGS, shard, change))


def words(size: int, rng: random.Random = random.Random(7)) -> str:  # noqa: B008 (one sequence for all)
    """Text as it stands in databases: half of it is new."""
    return " ".join(
        rng.choice(["price", "seller", "listing", "active"]) + f"{rng.randrange(10**6)}"
        for _ in range(size // 13)
    )


def publish_queue(linger: float = 0.02) -> PublishQueue:
    return PublishQueue(linger, random.Random(1))


def seqs(parcel: Parcel) -> list[int]:
    return [change.seq for change in decode(parcel.entry.body).changes]


def drain(waiting: PublishQueue, now: float) -> list[list[Parcel]]:
    requests = []
    while parcels := waiting.take(now):
        check([parcel.published_at(NOW) for parcel in parcels])
        requests.append(parcels)
        waiting.settle(parcels, [None] * len(parcels), now)
    return requests


def test_one_change_leaves_when_its_linger_is_over() -> None:
    feed, waiting = Feed(), publish_queue()
    waiting.add([feed.change(0)], 10.0)
    assert waiting.take(10.01) == []
    assert 0 < (waiting.due(10.01) or 0) <= 0.011
    (parcel,) = waiting.take(10.021)
    assert seqs(parcel) == [1]
    assert waiting.take(11.0) == []


def test_a_full_request_does_not_wait() -> None:
    feed, waiting = Feed(), publish_queue(linger=60)
    for number in range(300):
        waiting.add([feed.change(number % 10, 1000)], 1.0)
    assert 200_000 < sum(parcel.size for parcel in waiting.take(1.0)) <= 262_144


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.soak
@hypothesis_settings(max_examples=TIER.publish_queue_runs, deadline=None)
@given(seed=st.integers(0, 1 << 30), random_share=st.sampled_from([0.0, 0.5, 1.0]))
def test_no_request_is_larger_than_sns_takes(
    compress: bool, seed: int, random_share: float
) -> None:
    """Whatever it holds and however well it is compressed: limits hold for what is sent, and for
    what a consumer has before it afterwards.
    """
    rng = random.Random(seed)
    feed, waiting = Feed(), PublishQueue(0.02, rng, compress=compress)
    for _ in range(200):
        size = rng.choice([10, 300, 5_000, 90_000, 190_000])
        waiting.add(
            [
                feed.change(
                    rng.randrange(13),
                    size,
                    content=rng.randbytes if rng.random() < random_share else None,
                )
            ],
            0.0,
        )
    order: dict[str, list[int]] = {}
    while not waiting.empty:
        parcels = waiting.take(99.0)
        check([parcel.entry for parcel in parcels])
        fates = ["Throttled" if rng.random() < 0.1 else None for _ in parcels]
        for parcel, fate in zip(parcels, fates, strict=True):
            assert parcel.size == size_of(parcel.published_at(NOW))
            assert (
                parcel.size < parcel.raw
                if "encoding" in parcel.entry.attributes
                else parcel.size == parcel.raw
            )
            body = expanded(parcel.entry.body.encode())
            assert len(body) <= 240 * 1024
            assert ("encoding" in parcel.entry.attributes) == (body != parcel.entry.body.encode())
            if fate is None:
                order.setdefault(parcel.entry.group, []).extend(seqs(parcel))
        waiting.settle(parcels, fates, -99.0)
    assert sorted(itertools.chain(*order.values())) == list(range(1, 201))
    assert all(arrived == sorted(arrived) for arrived in order.values())
    assert waiting.bytes == 0


def test_compressed_requests_carry_more_and_are_as_full() -> None:
    """Rows that compress well: it is what is sent that fills a request, and only a full one does
    not wait.
    """
    feed, sizes = Feed(), {False: list[int](), True: list[int]()}
    for compress, found in sizes.items():
        waiting = PublishQueue(60.0, random.Random(1), compress=compress)
        for number in range(12_000):
            waiting.add([feed.change(number % 32, 600, content=words)], 0.0)
            while parcels := waiting.take(0.0):
                found.append(sum(parcel.size for parcel in parcels))
                waiting.settle(parcels, [None] * len(parcels), 0.0)
    assert 5 < len(sizes[True]) < len(sizes[False]) / 1.7
    for found in sizes.values():
        assert min(found[2:]) > 150_000


def test_a_message_that_compresses_less_than_those_before_it_goes_with_the_next_request() -> None:
    feed, waiting = Feed(), PublishQueue(0.02, random.Random(1), compress=True)
    for shard in range(20):
        waiting.add([feed.change(shard, 180_000)], 0.0)
    for parcels in drain(waiting, 1.0):
        assert len(parcels) == 10
    for shard in range(4):
        waiting.add([feed.change(shard, 180_000, content=random.Random(shard).randbytes)], 2.0)
    first = waiting.take(3.0)
    assert [seqs(parcel) for parcel in first] == [[21]]
    waiting.add([feed.change(1)], 3.0)
    assert seqs(waiting.take(3.0)[0]) == [22], "its group waits for it"
    assert waiting.low() == 21


def test_a_compressed_message_is_sent_again_unchanged() -> None:
    feed, waiting = Feed(), PublishQueue(0.02, random.Random(1), compress=True)
    waiting.add([feed.change(0, 2_000)], 0.0)
    (parcel,) = waiting.take(1.0)
    entry = parcel.entry
    assert entry.attributes == {
        "source": "shop",
        "table": "shop.listings",
        "lane": "live",
        "encoding": "zstd",
    }
    waiting.settle([parcel], ["Throttled"], 1.0)
    (again,) = waiting.take(9.0)
    assert again.entry == entry
    plain = publish_queue()
    feed.seq = 0
    plain.add([feed.change(0, 2_000)], 0.0)
    assert plain.take(1.0)[0].entry.deduplication_id == entry.deduplication_id, (
        "SNS knows it again, compressed or not"
    )


def test_a_message_carries_at_most_500_changes() -> None:
    feed, waiting = Feed(), publish_queue()
    waiting.add([feed.change(0, 2) for _ in range(1200)], 0.0)
    assert [parcel.changes for request in drain(waiting, 9.0) for parcel in request] == [
        500,
        500,
        200,
    ]


def test_one_message_a_group_is_in_flight_and_a_failed_one_goes_first_unchanged() -> None:
    feed, waiting = Feed(), publish_queue()
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
    feed, waiting = Feed(), publish_queue()
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
    """Rows of 300 bytes over 64 groups, however fast the reader is, also when the publishers could
    do more.
    """
    outcome = run(rate, seconds=4_000 / rate + 1, age=60, burst=rate // 1_000)
    assert outcome.requests_per_1000 <= 8
    assert outcome.delay(1) < 3


@pytest.mark.parametrize("rate", [5, 20, 100])
def test_on_a_quiet_source_a_change_leaves_within_50_ms(rate: int) -> None:
    assert run(rate, seconds=200 / rate, age=60, seed=rate).delay(1) <= 0.05


@pytest.mark.parametrize("rate", [200, 1_000, 5_000])
def test_a_busier_source_needs_no_more_requests_a_second_than_a_calm_one(rate: int) -> None:
    """Fuller requests rather than more of them: what a second costs is bounded, and so is the
    wait.
    """
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
    feed, waiting = Feed(), publish_queue()
    waiting.add([feed.change(shard) for shard in range(8)], 0.0)
    first = waiting.take(1.0)
    waiting.settle(first, ["Throttled"] * 8, 1.0)
    assert waiting.take(1.0 + (waiting.due(1.0) or 0.0)) == first


def test_a_relay_that_ends_waits_for_no_company() -> None:
    feed, waiting = Feed(), publish_queue(linger=60)
    waiting.add([feed.change(0)], 1.0)
    assert waiting.take(1.0) == []
    waiting.hurry()
    assert len(waiting.take(1.0)) == 1


def test_reading_pauses_while_much_is_not_acknowledged() -> None:
    feed, outbox, given = Feed(), Outbox(), 0
    while not outbox.full:
        change = feed.change(feed.seq % 64, 150_000)
        outbox.add([change], 0.0)
        given += len(change.json)
    assert MAX_WAITING_BYTES <= given < MAX_WAITING_BYTES + 200_000


def test_a_row_too_large_for_a_message_is_left_in_the_claim_store() -> None:
    feed, waiting = Feed(), publish_queue()
    big = feed.change(0, 1_000_000)
    waiting.add([big], 0.0)
    (parcel,) = waiting.take(1.0)
    (change,) = decode(parcel.entry.body).changes
    assert (change.before, change.after, change.key) == (None, None, {"id": 1})
    assert change.claim.startswith("s3://claims/rows/shop/")
    assert len(feed.claims.get(change.claim)) > MAX_CHANGE_BYTES
    assert feed.change(0, 1_000_000).json != big.json
    feed.seq = 0
    assert feed.change(0, 1_000_000).json == big.json, (
        "packed again after a crash it has the same claim"
    )
    assert len(feed.claims.objects) == 2


def test_schema_versions_are_not_mixed_in_a_message() -> None:
    feed, waiting = Feed(), publish_queue()
    waiting.add([feed.change(0), feed.change(0)], 0.0)
    change = Change(
        "t/3", 3, "c", 1, {"id": 3}, None, {"id": 3, "price": 4}, Transaction("t", 0, True)
    )
    waiting.add([feed.packing.pack((table("listings", "price"), 0, change))], 0.0)
    messages = [decode(parcel.entry.body) for request in drain(waiting, 9.0) for parcel in request]
    assert [(message.schema_version, len(message.changes)) for message in messages] == [
        (1, 2),
        (2, 1),
    ]
