"""Batch result: what became of a batch, for metrics and for the log."""

from typing import Any

import msgspec

from shared.values.gate import Gate
from shared.values.many_superseded import MANY_SUPERSEDED
from shared.values.traceparent import read

_ALWAYS = ("ChangesApplied", "OldestFailedMs")
"""Figures that are written when they are 0 too: an alarm that rang must see them fall."""

LOGGED_CHANGES = 5
"""Changes that a log line names."""

SUPERSEDED_REASON = (
    "all changes of the batch are older than what the sink holds; if this continues, the sink "
    "holds versions above the stream's numbers: run rowline verify with --repair"
)


class Consumed(msgspec.Struct):
    """Each change counted once.

    failed: the ids of the messages to receive again.
    unsettled: the number of live changes in them that this batch tried, or would have tried.
    newest_ts_ms: commit time of the newest live change of the batch, 0 for none.
    oldest_failed_ts_ms: commit time of the oldest unsettled live change, 0 for none.
    waits: group → seconds that its sink asks to wait at least.
    soon: groups that shall come again without a long wait.
    returned: the ids of failed messages that are back in the queue already.
    reasons: why changes failed or were parked, without row values → number of changes.
    gate: the consumer's, as the batch left it.
    changes, traces: the ids of the first of these changes, and of their traces.
    """

    failed: list[str] = []
    applied: int = 0
    superseded: int = 0
    filtered: int = 0
    parked: int = 0
    duplicate: int = 0
    unsettled: int = 0
    newest_ts_ms: int = 0
    oldest_failed_ts_ms: int = 0
    waits: dict[str, float] = {}
    soon: set[str] = set()
    returned: set[str] = set()
    reasons: dict[str, int] = {}
    gate: Gate = Gate()
    changes: list[str] = []
    traces: list[str] = []

    def name(self, change: str, traceparent: str | None) -> None:
        """Note a change that failed or was parked; `rowline trace` takes its id."""
        if len(self.changes) < LOGGED_CHANGES:
            self.changes.append(change)
            trace = read(traceparent)
            if trace and trace.xray not in self.traces:
                self.traces.append(trace.xray)

    def add(self, redriven: "Consumed") -> None:
        """Count what a redrive has settled in the same invocation."""
        self.applied += redriven.applied
        self.superseded += redriven.superseded
        self.filtered += redriven.filtered
        for reason, count in redriven.reasons.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + count

    def figures(self, *, now_ms: int) -> dict[str, float]:
        """Metric name → figure, without most that are 0.

        `LagMs` is the age of the oldest change that waits for another attempt, else of the newest
        one that is settled; a batch without live changes has none.
        """
        figures: dict[str, float] = {
            "ChangesApplied": self.applied,
            "ChangesSuperseded": self.superseded,
            "ChangesFiltered": self.filtered,
            "ChangesParked": self.parked,
            "ChangesDuplicate": self.duplicate,
            "ChangesFailed": self.unsettled,
            "MessagesFailed": len(self.failed),
            "OldestFailedMs": _age(self.oldest_failed_ts_ms or self._oldest_waiting, now_ms),
            "GateClosed": float(self.gate.needs_somebody),
        }
        figures = {name: each for name, each in figures.items() if each or name in _ALWAYS}
        lag_of = self.oldest_failed_ts_ms or self.newest_ts_ms
        return {**figures, "LagMs": _age(lag_of, now_ms)} if lag_of else figures

    @property
    def _oldest_waiting(self) -> int:
        return self.gate.oldest_ms if self.gate.needs_somebody else 0

    def unusual(self) -> dict[str, Any]:
        """What the log says of a batch beside its figures; nothing for one that went well."""
        reasons = dict(self.reasons)
        if self.superseded >= MANY_SUPERSEDED and not self.applied:
            reasons[SUPERSEDED_REASON] = self.superseded
        if not self.failed and not reasons:
            return {}
        if self.gate.off_ms:
            return {"message": "off by the stanza"}
        if not self.gate.is_open:
            closed = self.gate.reason or self.gate.cause or f"paused by {self.gate.paused}"
            return {"level": "WARNING", "message": "gate closed", "reasons": {closed: 1}}
        said: dict[str, Any] = {"level": "WARNING", "message": "batch", "reasons": reasons}
        said |= {"changes": self.changes} if self.changes else {}
        return said | ({"trace_id": self.traces} if self.traces else {})


def _age(ts_ms: int, now_ms: int) -> int:
    return max(0, now_ms - ts_ms) if ts_ms else 0
