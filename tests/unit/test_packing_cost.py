"""The page about paying less counts messages as the relay packs them."""

import pytest

from bench import cost
from bench.packing_cost import CHANGE_SECONDS, PACKINGS, RATE, MeasuredPacking, packed_parts
from tests.worlds.relay import traffic


@pytest.mark.parametrize("packing", PACKINGS, ids=lambda each: f"{each.linger_ms}-{each.shards}")
def test_messages_are_counted_as_the_relay_packs_them(packing: MeasuredPacking) -> None:
    seen = traffic.run(RATE, seconds=30, groups=packing.shards, linger=packing.linger_ms / 1000)
    assert seen.changes_per_message == pytest.approx(packing.changes, rel=0.05)
    assert seen.requests / 30 == pytest.approx(packing.requests, rel=0.05)
    waits = [1000 * seen.delay(share) for share in (0.5, 0.99)]
    assert waits == pytest.approx(packing.waits_ms, rel=0.05)


def test_one_change_a_message_costs_what_the_other_pages_say() -> None:
    usual = packed_parts(MeasuredPacking(20, 64, 1.0, RATE / (1 + RATE * cost.LINGER_SECONDS)))
    assert usual == pytest.approx({name: cost.parts(RATE)[name] for name in usual})


def test_a_large_message_counts_as_several_requests() -> None:
    """50 changes of 1,400 bytes are two chunks of 64 KiB, sent and received."""
    small, large = (packed_parts(MeasuredPacking(1000, 4, many, 1.0)) for many in (46.0, 50.0))
    name = "consumer: delivery and queue"
    each = cost.SECONDS * RATE / 50 * 2 * cost.price("sqs_fifo_request")
    assert large[name] - small[name] > each * 0.8
    longer = cost.consumer_function(4.0, cost.BATCH_SECONDS + 49 * CHANGE_SECONDS)
    assert large["consumer: function"] == pytest.approx(longer)
