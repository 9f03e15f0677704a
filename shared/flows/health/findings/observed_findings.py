"""Observed findings: what AWS and the sinks say of a consumer, and queues that were kept."""

from collections.abc import Sequence

from shared.adapters.observation.contract import WINDOW_MINUTES, KeptQueue
from shared.domain.sink import Target
from shared.domain.subscription_filter import filter_policy, same_filter
from shared.domain.verify_validity import basis_in
from shared.flows.health.stage_facts import ConsumerFacts
from shared.flows.health.thresholds import (
    CONSUMER_LATE_S,
    QUEUE_ALMOST_OVER_S,
)
from shared.values.counted import counted
from shared.values.finding import Finding
from shared.values.many_superseded import MANY_SUPERSEDED
from shared.values.settings import ConsumerSettings

_HOUR = 3600


def observed_findings(one: ConsumerFacts, settings: ConsumerSettings) -> list[Finding]:
    """What is wrong with a consumer's function, queue and subscription."""
    return [
        *_function(one),
        *_age(one),
        *_superseded(one),
        *_subscription(one, settings),
    ]


def target_findings(one: ConsumerFacts, targets: Sequence[Target]) -> list[Finding]:
    """What is wrong with the places where a consumer writes.

    An index that does not exist is right until somebody has proved that it was filled.
    """
    thing = f"sink {one.consumer}"
    proved_ms = int((one.verified or {}).get("finished_ms", 0))
    found, left_out = [], []
    for target in targets:
        if target.problem:
            found.append(
                Finding(
                    thing,
                    "fail",
                    f"{target.place} {target.problem}: nothing of {target.table} can be written",
                    f"Give the index another name and put the alias {target.place} on it, or "
                    "choose another alias.",
                    table=target.table,
                )
            )
        elif proved_ms and not _was_compared(one, target.table):
            left_out.append(target.table)
        elif proved_ms and _had_no_index(one, target.table):
            if target.created_ms > proved_ms:
                what = f"{target.place} was made since the last verify, which found no row of it"
                hint = f"Run `rowline verify {one.consumer}`."
                found.append(Finding(thing, "warn", what, hint, table=target.table))
        elif proved_ms and not 0 < target.created_ms <= proved_ms:
            wrong = (
                "is younger than the last verify: it may lack rows"
                if target.created_ms
                else "is gone since the last verify"
            )
            found.append(
                Finding(
                    thing,
                    "fail",
                    f"{target.place} {wrong}",
                    _fill(one.consumer, target.table),
                    table=target.table,
                )
            )
    if left_out:
        more = f" and {len(left_out) - 3} more" if len(left_out) > 3 else ""
        what = f"has not compared {', '.join(left_out[:3])}{more}"
        hint = f"Run `rowline verify {one.consumer}`."
        found.append(Finding(f"verify {one.consumer}", "warn", what, hint))
    return found or [Finding(thing, "ok", f"holds {counted(len(targets), 'table')}")]


def _was_compared(one: ConsumerFacts, table: str) -> bool:
    """Whether the last verify was of this table too; reports that name no table are of all."""
    tables = (one.verified or {}).get("tables", {})
    return not tables or table in tables


def _had_no_index(one: ConsumerFacts, table: str) -> bool:
    """Whether the last verify found a table without rows, and so without an index."""
    rows = (one.verified or {}).get("tables", {}).get(table)
    return rows == 0 and table not in basis_in(one.verified).indexes


def kept_finding(queue: KeptQueue) -> Finding:
    """Messages of a consumer that was removed, or deployed again, which nobody looks at."""
    return Finding(
        f"kept queue {queue.name}",
        "warn",
        f"holds {counted(queue.messages, 'message')} of an earlier consumer {queue.consumer}",
        "Read them if you need them, then delete the queue.",
    )


def _fill(consumer: str, table: str) -> str:
    return (
        f"Run `rowline backfill {consumer} --tables '{table}'`, then `rowline verify {consumer}`."
    )


def _function(one: ConsumerFacts) -> list[Finding]:
    if not one.signs.errors:
        return []
    every = one.signs.errors >= one.signs.runs
    return [
        Finding(
            f"function {one.consumer}",
            "fail" if every else "warn",
            f"ended with an error in {one.signs.errors:,} of {one.signs.runs:,} runs of the last "
            f"{WINDOW_MINUTES} minutes",
            "See its log. Nothing is lost: the messages wait in the queue.",
        )
    ]


def _age(one: ConsumerFacts) -> list[Finding]:
    age = one.signs.oldest_s
    late_s = QUEUE_ALMOST_OVER_S if one.gate.off_ms else CONSUMER_LATE_S
    if age is None or age <= late_s or not one.waiting + one.in_flight:
        return []  # CloudWatch's figure is that of the last minutes: the queue may be empty since
    if age > QUEUE_ALMOST_OVER_S:
        what = f"has a change that waits for {age / 86_400:.1f} days; SQS deletes it after 14"
    else:
        what = f"is behind: its oldest change waits for {age / _HOUR:.1f} h"
    return [
        Finding(
            f"consumer {one.consumer}",
            "fail",
            what,
            "Look at its other findings and at its function's log: is the sink down?",
        )
    ]


def _superseded(one: ConsumerFacts) -> list[Finding]:
    """Some late deliveries are superseded; where nothing else comes, the numbers are too low."""
    dropped = one.signs.superseded
    if dropped < MANY_SUPERSEDED or one.signs.applied:
        return []
    return [
        Finding(
            f"consumer {one.consumer}",
            "fail",
            f"writes nothing: all {counted(dropped, 'change')} of the last {WINDOW_MINUTES} "
            "minutes are older than what its sink holds",
            f"Run `rowline verify {one.consumer} --repair`: the relay then begins numbers above "
            "the sink's versions.",
        )
    ]


def _subscription(one: ConsumerFacts, settings: ConsumerSettings) -> list[Finding]:
    held, wanted = one.signs.filter, filter_policy(settings)
    if held is not None and same_filter(held, wanted):
        return []
    what = "is missing" if held is None else "has another filter than the stanza says"
    return [
        Finding(
            f"subscription {one.consumer}",
            "fail",
            f"{what}: changes do not reach the queue",
            "Deploy again. Then run `rowline backfill` for its tables: what was published in "
            "between did not arrive.",
        )
    ]
