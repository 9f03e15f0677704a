"""The price of a replay, as far as it can be known before."""

from typing import NamedTuple

SQS_REQUEST_USD = 0.0000005
LAMBDA_GB_SECOND_USD = 0.0000133334
"""eu-west-1; bench/prices.json has the sources."""

CHUNK = 64 * 1024
"""Each chunk of a message counts as a request. Source: Amazon SQS pricing, "API requests"."""

ENTRIES = 10
"""Messages that one request sends, receives or deletes."""

EXPANDED = 5
"""JSON is about so much larger than its part of the archive's files."""

READ_BYTES = 20_000_000
"""Of the archive's files that a page reads in a second; measured with one vCPU."""

PAGE_SECONDS, PAGE_GB = 2.0, 2.0
"""The least time of a page, and the memory of the archive's function."""

APPLY_SECONDS, APPLY_GB = 0.002, 0.5
"""What a consumer's function needs for a change, beyond the sink: a guess."""


class ReplayCost(NamedTuple):
    """messages: about how many. usd: of SQS and Lambda together, without the sink."""

    messages: int
    usd: float


def replay_cost(changes: int, pages: int, size: int, rows: int, groups: int) -> ReplayCost:
    """The price of sending this many changes.

    pages: of the archive's answers. size, rows: of the archive's files: they tell the size of a
    change. groups: among which the changes are spread.
    """
    if not changes:
        return ReplayCost(0, 0.0)
    each = EXPANDED * size / rows if rows else 1_000.0
    messages = max(min(changes, -(-changes // 1_000) * groups), round(changes * each / 240_000))
    chunks = max(messages / ENTRIES, changes * each / CHUNK)
    sqs = (2 * chunks + messages / ENTRIES) * SQS_REQUEST_USD
    read = pages * PAGE_SECONDS + changes * each / EXPANDED / READ_BYTES
    seconds = read * PAGE_GB + changes * APPLY_SECONDS * APPLY_GB
    return ReplayCost(messages, sqs + seconds * LAMBDA_GB_SECOND_USD)
