"""The archive's function: each minute it commits what has landed; commands ask it for more."""

from functools import cache
from typing import Any

from shared.adapters.metrics.emf import emit
from shared.flows.archive.archive_requests import do
from shared.flows.privacy import privacy_requests as privacy
from shared.flows.snapshots import snapshot_requests as snapshots
from shared.stage import Stage

stage = cache(Stage.from_environment)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    holder = f"lambda {context.aws_request_id}"

    def left() -> float:
        return float(context.get_remaining_time_in_millis() / 1000)

    name = str(event.get("do", ""))
    if work := snapshots.WORK.get(name):
        return work(stage().snapshot_setup(holder=holder, left=left), event)
    if personal := privacy.WORK.get(name):
        return personal(stage().privacy(holder=holder, left=left), event)
    setup = stage().archive(holder=holder, left=left)
    answer = do(setup, event)
    if event.get("do") == "commit" and not answer["busy"]:
        figures = {
            "LandingAgeMs": answer["oldest_ms"],
            "LandingRejected": answer["rejected"],
            "ChangesArchived": answer["rows"],
            "ArchiveBehindMs": answer["behind_ms"],
        }
        if setup.errors is not None:
            figures["FirehoseErrors"] = answer["undelivered"]
        emit(stage().full_name, "archive", "changes", figures, commits=answer["commits"])
    return answer
