"""Findings about proofs: whether the last verify still says something, and how old it is."""

from shared.flows.health.stage_facts import ConsumerFacts
from shared.flows.health.thresholds import VERIFY_OLD_S
from shared.values.finding import Finding


def proof_findings(one: ConsumerFacts, now: float) -> list[Finding]:
    """A proof that expired, or that is old. `now`: Unix seconds."""
    finished = (one.verified or {}).get("finished_ms", 0) / 1000
    if one.expired:
        what = f"expired: {one.expired}"
    elif finished and now - finished > VERIFY_OLD_S:
        what = f"was last made {(now - finished) / 86_400:.0f} days ago"
    else:
        return []
    return [
        Finding(f"verify {one.consumer}", "warn", what, f"Run `rowline verify {one.consumer}`.")
    ]
