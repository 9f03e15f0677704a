"""The watch of a stage as a function, started every minute.

It returns at once when another run is under way.
"""

from typing import Any

from aws_lambda_powertools import Logger

from shared.adapters.metrics.emf import emit
from shared.flows.watch.watch_loop import watch
from shared.stage import Stage


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    stage = Stage.of_package()
    pulse = watch(
        stage.watch(
            emit=lambda dimension, value, figures: emit(stage.full_name, dimension, value, figures),
            holder=f"lambda {context.aws_request_id}",
            left=lambda: context.get_remaining_time_in_millis() / 1000,
        )
    )
    if pulse is None:
        return {"done": False}
    emit(stage.full_name, "function", "watch", {"WatchRuns": 1, "TasksFailed": len(pulse.problems)})
    if pulse.problems:
        Logger(service=stage.full_name).error("watch", problems=pulse.problems)
    return {"done": True, "problems": pulse.problems}
