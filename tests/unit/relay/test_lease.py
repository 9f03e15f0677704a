"""The lease: who waits how long for whom, and when a holder stops by itself."""

import itertools
import runpy

import msgspec
import pytest

from shared.adapters import aws
from shared.adapters.topic import sns
from shared.adapters.topic.contract import Entry
from shared.flows.relay.lease import lease_margins
from shared.flows.relay.lease.lease_acquisition import LeaseAcquisition
from shared.flows.relay.lease.lease_keeper import LeaseKeeper
from shared.flows.relay.lease.lease_margins import LEASE_SECONDS, REQUEST_SECONDS
from shared.flows.relay.lease.waiting_for_holder import ENDS_SOON_MS
from shared.flows.relay.publishing.outbox import Outbox
from shared.flows.relay.publishing.publisher import Publisher
from shared.flows.relay.relay_setup import Manner
from shared.values.checkpoint import Checkpoint
from shared.values.errors import LeaseLost, StateUnavailable
from shared.values.lineage import Lineage
from shared.values.position import Position
from shared.values.relay_lease import Lease
from tests.unit.relay.test_publish_queue import Feed
from tests.worlds.twins.state import MemoryStreams
from tests.worlds.twins.topic import MemoryTopic

CHECKPOINT = Checkpoint(Position("bin.000001", 4), 0, 1, Lineage("server"), "{}")


def held_by(streams: MemoryStreams, holder: str, *, ends_ms: int = 0, **figures: str) -> Lease:
    lease = streams.acquire("shop", streams.load("shop")[0], holder)
    assert lease is not None
    return streams.renew(
        "shop", msgspec.structs.replace(lease, ends_ms=ends_ms, figures=figures), None
    )


def waiting(
    streams: MemoryStreams, manner: Manner = "leave", version: str = ""
) -> LeaseAcquisition:
    return LeaseAcquisition(streams, "shop", "me", manner=manner, version=version)


def test_a_free_lease_is_taken_at_once() -> None:
    lease = waiting(MemoryStreams()).step(0.0)
    assert lease is not None
    assert (lease.holder, lease.token) == ("me", 1)


def test_a_silent_holder_is_waited_for_as_long_as_its_last_request_may_take() -> None:
    streams = MemoryStreams()
    held_by(streams, "other")
    mine = waiting(streams)
    assert mine.step(100.0) is None
    assert mine.step(100.0 + LEASE_SECONDS + REQUEST_SECONDS - 0.01) is None
    assert not mine.busy
    lease = mine.step(100.0 + LEASE_SECONDS + REQUEST_SECONDS)
    assert lease is not None
    assert lease.holder == "me"


def test_a_holder_that_renews_is_given_way_to() -> None:
    streams = MemoryStreams()
    lease = held_by(streams, "other")
    mine = waiting(streams)
    assert mine.step(0.0) is None
    streams.renew("shop", lease, None)
    assert mine.step(9.0) is None
    assert mine.busy
    assert mine.step(12.0) is None, "the silence is measured from the last beat that was seen"


@pytest.mark.parametrize(
    ("ends_ms", "busy"),
    [(1, False), (-5, False), (ENDS_SOON_MS, False), (ENDS_SOON_MS + 1, True), (0, True)],
)
def test_a_holder_that_ends_soon_is_waited_for(ends_ms: int, busy: bool) -> None:
    streams = MemoryStreams()
    lease = held_by(streams, "other", ends_ms=ends_ms)
    mine = waiting(streams)
    mine.step(0.0)
    streams.renew("shop", lease, None)
    mine.step(1.0)
    assert mine.busy == busy


def test_who_takes_asks_the_holder_to_yield() -> None:
    streams = MemoryStreams()
    lease = held_by(streams, "other")
    mine = waiting(streams, "take")
    assert mine.step(0.0) is None
    renewed = streams.renew("shop", lease, None)
    assert renewed.wanted == "me"
    streams.release("shop", renewed, None)
    taken = mine.step(1.0)
    assert taken is not None
    assert taken.wanted == ""


def test_a_lease_given_back_on_request_is_left_to_who_asked_for_a_while() -> None:
    streams = MemoryStreams()
    lease = held_by(streams, "other")
    streams.ask("shop", wanted="somebody")
    streams.release("shop", lease, None)
    mine = waiting(streams)
    assert mine.step(0.0) is None
    assert mine.step(LEASE_SECONDS) is not None


@pytest.mark.parametrize(
    ("run", "version", "asked"),
    [("lambda", "old", True), ("lambda", "new", False), ("foreground", "old", False)],
)
def test_a_new_deployment_asks_only_an_old_one(run: str, version: str, asked: bool) -> None:
    streams = MemoryStreams()
    lease = held_by(streams, "other", run=run, version=version)
    mine = waiting(streams, "leave", "new")
    mine.step(0.0)
    assert (streams.renew("shop", lease, None).wanted == "me") == asked
    mine.step(1.0)
    assert mine.busy != asked


def test_a_holder_counts_from_before_its_last_renewal() -> None:
    streams, now = MemoryStreams(), 50.0
    lease = streams.acquire("shop", Lease(), "me")
    assert lease is not None
    keeper = LeaseKeeper(streams, "shop", lease, 10.0, lambda: now)
    assert keeper.held(10.0 + LEASE_SECONDS - 0.01)
    assert not keeper.held(10.0 + LEASE_SECONDS)
    keeper.renew(CHECKPOINT)
    assert keeper.held(50.0 + LEASE_SECONDS - 0.01)
    assert not keeper.held(50.0 + LEASE_SECONDS)


def test_a_holder_whose_renewal_is_refused_stops_for_good() -> None:
    streams = MemoryStreams()
    lease = streams.acquire("shop", Lease(), "me")
    assert lease is not None
    keeper = LeaseKeeper(streams, "shop", lease, 0.0, lambda: 1.0)
    held_by(streams, "other")
    for _ in range(2):
        with pytest.raises(LeaseLost):
            keeper.renew(CHECKPOINT)
        assert not keeper.held(1.0)
    with pytest.raises(LeaseLost):
        keeper.release(CHECKPOINT)
    assert streams.load("shop")[1] is None


def test_a_renewal_without_answer_does_not_prolong_the_lease() -> None:
    class Away(MemoryStreams):
        def renew(self, stream: str, lease: Lease, checkpoint: Checkpoint | None) -> Lease:
            raise StateUnavailable("did not answer.")

    streams = Away()
    lease = streams.acquire("shop", Lease(), "me")
    assert lease is not None
    keeper = LeaseKeeper(streams, "shop", lease, 0.0, lambda: 3.0)
    with pytest.raises(StateUnavailable):
        keeper.renew(CHECKPOINT)
    assert keeper.held(LEASE_SECONDS - 0.01)
    assert not keeper.held(LEASE_SECONDS)


def test_a_frozen_relay_that_wakes_publishes_nothing() -> None:
    streams, outbox, topic = MemoryStreams(), Outbox(), MemoryTopic()
    lease = streams.acquire("shop", Lease(), "me")
    assert lease is not None
    outbox.begin(CHECKPOINT)
    outbox.add([Feed().change(0)], 0.0)
    publisher = Publisher(outbox, topic, LeaseKeeper(streams, "shop", lease, 0.0, lambda: 0.0).held)
    assert publisher.begin(LEASE_SECONDS + 60) == []
    assert topic.requests == 0
    assert len(publisher.begin(LEASE_SECONDS - 1)) == 1


def test_each_attempt_tells_when_it_was_made() -> None:
    told: list[str] = []

    class Silent:
        def publish(self, entries: list[Entry]) -> list[str | None]:
            told.extend(entry.attributes["published"] for entry in entries)
            return ["no reply"] * len(entries)

    outbox, seconds = Outbox(), itertools.count(1_000.5)
    outbox.begin(CHECKPOINT)
    outbox.add([Feed().change(0)], 0.0)
    publisher = Publisher(outbox, Silent(), lambda _: True, clock=lambda: next(seconds))
    for now in (1.0, 99.0):
        parcels = publisher.begin(now)
        publisher.finish(parcels, publisher.send(parcels), now)
    assert told == ["1000500", "1002500"]


@pytest.mark.parametrize("too_long", ["READ_SECONDS", "CONNECT_SECONDS"])
def test_a_request_that_outlasts_the_margin_is_refused_at_the_start(
    too_long: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws, too_long, 30.0)
    with pytest.raises(RuntimeError, match="the next holder of the lease waits"):
        runpy.run_path(str(lease_margins.__file__))


def test_the_topic_is_opened_with_the_time_outs_that_the_margin_counts_on() -> None:
    settings = aws.config(attempts=sns.ATTEMPTS)
    attempts = settings.retries["total_max_attempts"]
    longest = attempts * (settings.connect_timeout + settings.read_timeout)
    assert longest <= REQUEST_SECONDS
