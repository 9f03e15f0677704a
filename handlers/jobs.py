"""The jobs function: one invocation is a slice of the job in a consumer's slot.

The event names both: {"consumer": …, "slot": "fill", "verify" or "redrive"}.
"""

import time
from typing import Any

from aws_lambda_powertools import Logger

from shared.adapters.stack.environment import variable
from shared.domain.polling import Polling
from shared.flows.job_slice import JobSlice
from shared.stage import Stage

SERVICE = f"{variable('ROWLINE_SERVICE')}-{variable('ROWLINE_STAGE')}"
logger = Logger(service=SERVICE)


def handle(event: dict[str, Any], context: Any) -> dict[str, str]:
    stage = Stage.from_environment()
    by = f"lambda {context.aws_request_id}"
    ended, why = JobSlice(
        stage.state,
        lambda consumer, tenure: stage.job(consumer, by=by, tenure=tenure),
        lambda consumer, tenure: stage.redrive(consumer, by=by, tenure=tenure),
        sharing_source=stage.settings.sharing_source,
        by=by,
        left=lambda: context.get_remaining_time_in_millis() / 1000,
        now_ms=lambda: time.time_ns() // 1_000_000,
        polling=Polling(),
    ).run(event["consumer"], event["slot"])
    if ended not in ("none", "busy"):
        logger.info("slice ended", extra={**event, "ended": ended, "why": why})
    return {"ended": ended, "why": why}
