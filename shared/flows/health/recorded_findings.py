"""Recorded findings: what the state table and the queues of a stage say, and what to do.

Pure: status, doctor and tests share them. `observed_findings` is about AWS's metrics and sinks.
"""

from collections.abc import Sequence
from typing import Any

from shared.flows.health.stage_facts import ConsumerFacts, RelayFacts
from shared.flows.health.thresholds import BINLOG_USED_PERCENT, RELAY_LAG_S
from shared.values.finding import Finding
from shared.values.stream import relay_of


def findings_of(relays: Sequence[RelayFacts], consumers: Sequence[ConsumerFacts]) -> list[Finding]:
    """Everything that the facts say, `ok` included: one finding at least for each thing."""
    stopped = {table for relay in relays for table in relay.stopped}
    return [
        *(relay_finding(relay) for relay in relays),
        *(finding for relay in relays for finding in binlog_used(relay)),
        *(finding for relay in relays for finding in stopped_tables(relay)),
        *(
            finding
            for consumer in consumers
            for finding in consumer_findings(consumer.without_due(stopped))
        ),
    ]


def relay_finding(relay: RelayFacts) -> Finding:
    """Whether a source's relay works, and keeps up."""
    thing = f"relay {relay.source}"
    if relay.error:
        return Finding(thing, "fail", relay.error, "Correct that; the relay tries again by itself.")
    if relay.state == "never":
        return Finding(
            thing,
            "fail",
            "has never run",
            "Its schedule starts it within a minute of a deploy; see its function's log, or run "
            "`rowline relay`.",
        )
    if relay.state == "silent":
        return Finding(
            thing,
            "fail",
            "ended without releasing its lease",
            "The schedule starts another within a minute; see its function's log, or run "
            "`rowline relay`.",
        )
    if relay.lag_s is not None and relay.lag_s > RELAY_LAG_S:
        return Finding(
            thing,
            "warn",
            f"is {relay.lag_s:,.0f} s behind",
            "It catches up if the source writes less than the relay can read.",
        )
    if waiting := relay.figures.get("waiting_for"):
        table, stream = min(waiting.items())
        return Finding(
            thing,
            "warn",
            f"waits for {table}, which {relay_of(stream)} still has",
            f"The relay {relay_of(stream)} gives it up once it runs what is deployed now.",
        )
    lag = "" if relay.lag_s is None else f", {relay.lag_s:.1f} s behind"
    return Finding(thing, "ok", f"{relay.state}, token {relay.token}{lag}")


def binlog_used(relay: RelayFacts) -> list[Finding]:
    """Whether the source may remove binlogs that the relay has not read."""
    used = relay.binlog_used_percent
    if used <= BINLOG_USED_PERCENT:
        return []
    lag_h, kept_h = (relay.lag_s or 0.0) / 3600, relay.kept_s / 3600
    what = (
        f"binlogs are kept for {kept_h:g} h, and the relay is {lag_h:.1f} h behind: "
        f"{'its place may be gone' if used >= 100 else 'it may lose its place'}"
    )
    return [
        Finding(
            f"binlog {relay.source}",
            "fail",
            what,
            "Keep binlogs longer now: `rowline doctor` names the statement. Then let the relay "
            "catch up.",
        )
    ]


def stopped_tables(relay: RelayFacts) -> list[Finding]:
    """The tables that a relay does not capture now. The others are captured."""
    return [
        Finding(
            f"table {table}",
            "fail",
            f"is not captured: it {what}",
            f"{fix} The relay looks again each minute. Then resync its consumers, which `rowline "
            "status` names.".strip(),
            table=table,
        )
        for table, (what, fix) in sorted(relay.stopped.items())
    ]


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
                f"changed without row events: {_due(one.due)}",
                f"Run `{one.due_command}`.",
            )
        )
    findings += _parked(one)
    if one.dlq:
        findings.append(
            Finding(
                f"dlq {name}",
                "fail",
                f"holds {one.dlq:,} messages that were received too often, or that an "
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
                f"holds {one.undelivered:,} messages that SNS could not deliver",
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
                f"found {differences:,} differences last time",
                _repair_of(name, one.verified),
            )
        )
    return findings


def _repair_of(consumer: str, verified: dict[str, Any]) -> str:
    """How to settle the differences of a verify: no repair can show two rows in one document."""
    if verified.get("shared", 0) >= verified["differences"]:
        return "Several rows share an id: choose `id` columns that are unique (`rowline check`)."
    return f"Run `rowline verify {consumer} --repair`."
