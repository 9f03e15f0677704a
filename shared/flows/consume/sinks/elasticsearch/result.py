"""What the fate of a bulk action means for a change."""

from shared.adapters.search.contract import Result
from shared.domain.sink import Outcome


def outcome_of(result: Result) -> Outcome:
    """The outcome; an absent index and whatever passes by itself have failed."""
    if result.kind in ("applied", "superseded"):
        return Outcome(result.kind)
    return Outcome("refused" if result.kind == "refused" else "failed", result.reason)
