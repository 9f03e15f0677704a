"""Findings about the watch: whether it runs, and what it could not do."""

from shared.flows.health.thresholds import WATCH_SILENT_S
from shared.values.finding import Finding
from shared.values.pulse import Pulse


def watch_findings(pulse: Pulse, now: float) -> list[Finding]:
    """Whether the watch runs, and each task that failed in its last run. `now`: Unix seconds."""
    silent_s = now - pulse.at_ms / 1000
    if not pulse.at_ms or silent_s > WATCH_SILENT_S:
        what = f"has not run for {silent_s / 60:,.0f} minutes" if pulse.at_ms else "has never run"
        return [
            Finding(
                "watch",
                "fail",
                f"{what}: nothing is looked after and no alarm figure is written",
                "Its schedule starts it each minute; see its function's log. A stage of an earlier "
                "version has none: deploy again.",
            )
        ]
    failed = [
        Finding("watch", "warn", f"could not do {task}: {why}", "It tries again each minute.")
        for task, why in pulse.problems.items()
    ]
    return failed or [Finding("watch", "ok", f"ran {max(0.0, silent_s):.0f} s ago")]
