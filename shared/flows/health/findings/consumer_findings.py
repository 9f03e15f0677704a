"""Consumer findings: what the state table and the queues say of a consumer, and what to do.

Pure: status, doctor and tests share them. `observed_findings` is about AWS's metrics and sinks.
"""

from typing import Any

from shared.flows.health.stage_facts import ConsumerFacts
from shared.values.counted import counted
from shared.values.finding import Finding


def _due(tables: dict[str, str]) -> str:
    """Tables, each with the kind of statement that changed it where that is known."""
    return ", ".join(f"{table} ({why})" if why else table for table, why in tables.items())


def _parked(one: ConsumerFacts) -> list[Finding]:
    """The parked changes, with the reason that most of them share."""
    if not one.parked:
        return []
    largest, others = one.parked[0], len(one.parked) - 1
    count = one.changes_parked
    more = f", and {others} more {'reason' if others == 1 else 'reasons'}" if others else ""
    return [
        Finding(
            one.consumer,
            "fail",
            f"{count:,} {'change' if count == 1 else 'changes'} parked, reason "
            f"{largest.reason}{more}",
            f"next: rowline parked list {one.consumer}",
        )
    ]


def consumer_findings(one: ConsumerFacts) -> list[Finding]:
    """Whether a consumer has everything that it should have."""
    name = one.consumer
    findings = []
    if one.due:
        findings.append(
            Finding(
                f"rows {name}",
                "warn",
                f"may differ from the source: {_due(one.due)}",
                f"Run `{one.due_command}`.",
            )
        )
    findings += _parked(one)
    if one.dlq:
        findings.append(
            Finding(
                f"dlq {name}",
                "fail",
                f"holds {counted(one.dlq, 'message')} that were received too often, or that an "
                "earlier version set aside",
                f"The watch makes their tables due within minutes; then run `{one.due_command}` "
                "(docs/parked.md).",
            )
        )
    if one.undelivered:
        findings.append(
            Finding(
                f"undelivered {name}",
                "fail",
                f"holds {counted(one.undelivered, 'message')} that SNS could not deliver",
                "Repair the queue's policy or key. The watch makes their tables due within a "
                f"minute; then run `{one.due_command}` (docs/runbooks/not-delivered.md).",
            )
        )
    if not one.dlq and not one.undelivered:
        findings.append(Finding(f"dlq {name}", "ok", "is empty"))
    if one.verified and (differences := one.verified.get("differences")):
        findings.append(
            Finding(
                f"verify {name}",
                "warn",
                f"found {counted(differences, 'difference')} last time",
                _repair_of(name, one.verified),
            )
        )
    return findings


def _repair_of(consumer: str, verified: dict[str, Any]) -> str:
    """How to settle the differences of a verify: no repair can show two rows in one document."""
    if verified.get("shared", 0) >= verified["differences"]:
        return "Several rows share an id: choose `id` columns that are unique (`rowline check`)."
    return f"Run `rowline verify {consumer} --repair`."
