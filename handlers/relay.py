"""A source's relay as a function, started every minute.

It gives way to a relay that runs; otherwise it relays until its time is nearly over.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers

from shared.adapters.metrics.emf import emit
from shared.adapters.stack.environment import variable
from shared.flows.relay.relay_loop import relay
from shared.stage import Stage

SERVICE = f"{variable('ROWLINE_SERVICE')}-{variable('ROWLINE_STAGE')}"
copy_config_to_registered_loggers(Logger(service=SERVICE), include={"rowline.relay"})


def handle(event: dict[str, Any], context: Any) -> dict[str, str]:
    setup = Stage.from_environment().relay(
        variable("ROWLINE_STREAM"),
        holder=f"lambda {context.aws_request_id}",
        manner="leave",
        run="lambda",
        report=lambda _, metrics: emit(SERVICE, "stream", variable("ROWLINE_STREAM"), metrics),
        left_ms=context.get_remaining_time_in_millis,
    )
    return {"ended": relay(setup)}
