"""Consumed: what became of a batch, for metrics and for the log."""

from typing import Any

import msgspec


class Consumed(msgspec.Struct):
    """Each change counted once.

    failed: the ids of the messages to receive again.
    last_ts_ms: commit time of the last live change that was settled, 0 for none.
    reasons: why changes failed or were set aside, without row values → number of changes.
    """

    failed: list[str] = []
    applied: int = 0
    superseded: int = 0
    set_aside: int = 0
    duplicate: int = 0
    last_ts_ms: int = 0
    reasons: dict[str, int] = {}

    def figures(self, *, now_ms: int) -> dict[str, float]:
        """Metric name → figure; `LagMs` only where a live change was handled."""
        figures: dict[str, float] = {
            "ChangesApplied": self.applied,
            "ChangesSuperseded": self.superseded,
            "ChangesSetAside": self.set_aside,
            "ChangesDuplicate": self.duplicate,
        }
        return (
            {**figures, "LagMs": max(0, now_ms - self.last_ts_ms)} if self.last_ts_ms else figures
        )

    def summary(self) -> dict[str, Any]:
        """For the log."""
        return {**msgspec.structs.asdict(self), "failed": len(self.failed)}
