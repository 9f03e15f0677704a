"""Gap: each publish and each send copies the whole table of deduplication ids.

The table holds five minutes, so a load of n messages costs n² steps. Entries are added in the order
in which they expire: it is enough to drop from the front. Shown by
test_topics.py::test_dropping_old_deduplication_ids_does_not_grow_with_their_number.
"""

import time
from typing import Any

from ministack.services import sns, sqs


def prune(holder: dict[str, Any]) -> None:
    """Drop what has expired from a topic's or queue's table."""
    table, now = holder.setdefault("dedup_cache", {}), time.time()
    while table:
        oldest = next(iter(table))
        if table[oldest]["expire"] > now:
            return
        table.pop(oldest, None)


sns._prune_sns_dedup = prune
sqs._prune_dedup = prune
