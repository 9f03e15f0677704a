"""Relay findings: whether relays work and keep up, and which tables they do not capture."""

from shared.flows.health.stage_facts import RelayFacts
from shared.flows.health.thresholds import BINLOG_USED_PERCENT, RELAY_LAG_S
from shared.values.finding import Finding
from shared.values.stream import relay_of


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
