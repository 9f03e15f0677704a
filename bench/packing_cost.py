"""What a stage costs when several changes share a message: by `lingerMs` and `shards`."""

import math
from dataclasses import dataclass

from bench import cost
from bench.cost import GB, SECONDS, price

RATE = 200.0
"""Changes a second of one table, all month."""

CHANGE_SECONDS = 0.0003
"""What a further change adds to a batch: the processor time of consumer and Elasticsearch together,
on the slowest machine that measured it (docs/bench.md).
"""

REQUEST_CHUNK = 64 * 1024
"""Each chunk of a request counts. Source: Amazon SQS pricing, "How are Amazon SQS requests priced?"
"""


@dataclass(frozen=True)
class MeasuredPacking:
    """How changes share messages. A test counts the last three (tests/unit/test_packing_cost.py).

    linger_ms, shards: Settings of the source and of its table.
    changes: Changes a message.
    requests: PublishBatch requests a second.
    waits_ms: How long half of the changes wait in the relay at most, and 99 % of them.
    """

    linger_ms: int
    shards: int
    changes: float
    requests: float
    waits_ms: tuple[int, int] = (0, 0)


PACKINGS = (
    MeasuredPacking(20, 64, 1.0, 38.6, (13, 24)),
    MeasuredPacking(200, 16, 2.7, 7.5, (96, 200)),
    MeasuredPacking(200, 4, 10.6, 4.8, (105, 205)),
    MeasuredPacking(1000, 4, 50.7, 1.0, (494, 998)),
)


def packed_parts(packing: MeasuredPacking) -> dict[str, float]:
    """What depends on the messages, a month, with one consumer. `cost.parts` has the same rows."""
    messages = RATE / packing.changes
    size = packing.changes * cost.CHANGE_BYTES
    chunks = math.ceil(size / REQUEST_CHUNK) - 1  # beside the first one
    payload = SECONDS * RATE * cost.CHANGE_BYTES / GB
    sent = SECONDS * messages * price("sns_fifo_delivery") + payload * price(
        "sns_fifo_delivered_gb"
    )
    further = SECONDS * messages * 2 * chunks * price("sqs_fifo_request")
    seconds = cost.BATCH_SECONDS + (packing.changes - 1) * CHANGE_SECONDS
    return {
        "topic": SECONDS * packing.requests * price("sns_fifo_request")
        + payload * price("sns_fifo_gb"),
        "consumer: delivery and queue": sent + cost.queue(messages) + further,
        "consumer: function": cost.consumer_function(messages, seconds),
        "consumer: marks": cost.marks(messages),
        "metrics, alarms and logs": cost.watching(messages),
    }


def packing_table() -> list[str]:
    """The cost of one busy table under several settings."""
    found = [packed_parts(each) for each in PACKINGS]
    same = [sum(cost.parts(RATE)[name] for name in cost.parts(RATE) if name not in found[0])]
    rows = [("changes a message", [f"{each.changes:g}" for each in PACKINGS])]
    waits = [f"{half} ms, {most} ms" for half, most in (each.waits_ms for each in PACKINGS)]
    rows.append(("a change waits (half, 99 %)", waits))
    rows += [(name, [cost.amount(each[name]) for each in found]) for name in found[0]]
    sums = [sum(each.values()) + same[0] + cost.relay_container() for each in found]
    rows.append(("**all, relay as a container**", [cost.amount(each) for each in sums]))
    heads = [f"{each.linger_ms} ms, {each.shards} shards" for each in PACKINGS]
    lines = [f"| USD a month, {RATE:g} changes/s | {' | '.join(heads)} |"]
    lines.append("|---|" + "---:|" * len(heads))
    return [*lines, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows)]
