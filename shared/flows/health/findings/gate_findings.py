"""Findings about gates: why a consumer does not work, since when, when it is tried again."""

from shared.flows.health.thresholds import QUEUE_ALMOST_OVER_S
from shared.values.finding import Finding
from shared.values.gate import Gate

_FIXES = {
    "outage": "Make the sink take writes again. The gate opens by itself when a batch is taken.",
    "overload": "Give the sink more room, or lower the consumer's `concurrency`. The gate opens by "
    "itself when the sink has room for most of a batch.",
    "refusals": "Correct the mapping, the upcaster or the index. The gate opens by itself when "
    "most of a batch is taken.",
    "errors": "See the function's log, and correct it. The gate opens by itself when a batch is "
    "taken.",
}


def gate_findings(consumer: str, gate: Gate, now: float) -> list[Finding]:
    """Why a gate is closed; nothing for an open one. `now`: Unix seconds."""
    thing, found = f"gate {consumer}", []
    if gate.off_ms:
        off_s = now - gate.off_ms / 1000
        found.append(
            Finding(
                thing,
                "fail" if off_s > QUEUE_ALMOST_OVER_S else "ok",
                f"off by the stanza for {_minutes(off_s)}: its queue keeps changes for 14 days",
                f"Take `enabled: off` out of consumers.{consumer}, and deploy."
                if off_s > QUEUE_ALMOST_OVER_S
                else "",
            )
        )
    if gate.paused:
        found.append(
            Finding(
                thing,
                "fail",
                f"was paused by {gate.paused} {_minutes(now - gate.paused_ms / 1000)} ago",
                f"Run `rowline consumer resume {consumer}`. SQS deletes changes after 14 days.",
            )
        )
    if gate.cause and not gate.off_ms:
        waits = max(0.0, gate.next_ms / 1000 - now)
        found.append(
            Finding(
                thing,
                "fail",
                f"has been closed for {_minutes(now - gate.since_ms / 1000)}: {gate.reason}; "
                f"{gate.probes} probes, the next in {_minutes(waits)}",
                _FIXES[gate.cause],
            )
        )
    return found


def _minutes(seconds: float) -> str:
    if seconds < 100:
        return f"{max(0.0, seconds):.0f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 36_000 else f"{seconds / 3600:,.0f} h"
