"""What the fate of a bulk action means for a change."""

from typing import Literal

from shared.adapters.search.contract import Result
from shared.domain.sink import Outcome


def outcome_of(result: Result) -> Outcome:
    """The outcome; an absent index and whatever passes by itself have failed."""
    if result.kind in ("applied", "superseded"):
        return Outcome(result.kind, pressed=result.rejected)
    kind: Literal["refused", "failed"] = "refused" if result.kind == "refused" else "failed"
    return Outcome(kind, result.reason, pressed=result.rejected)
