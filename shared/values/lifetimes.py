"""Lifetimes: how long items of the state table are kept, before their TTL removes them."""

_DAY_SECONDS = 86_400

PARKED_SECONDS = 90 * _DAY_SECONDS
"""Payloads of parked changes hold personal data: they are deleted after this time. The bucket's
life-cycle rule for `parked/` has the same (resources/claims.yml).
"""

LEFT_BY_RUN_SECONDS = 90 * _DAY_SECONDS
"""What a run leaves behind when it is killed at its end, and the outcomes of a redrive; far longer
than any backfill.
"""

ENDED_JOB_SECONDS = 400 * _DAY_SECONDS

GROUP_IN_HAND_SECONDS = 15 * _DAY_SECONDS
"""Longer than SQS keeps the messages of the group."""

PARK_BUDGET_SECONDS = _DAY_SECONDS
"""Of the counts of what was refused and parked in a minute."""
