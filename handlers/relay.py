"""A source's relay as a function: started every minute; gives way to one that runs, else relays
until its time is nearly over.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers

from handlers.environment import service
from handlers.relaying import job
from shared.flows.relay.loop import relay

copy_config_to_registered_loggers(Logger(service=service()), include={"rowline.relay"})


def handle(event: dict[str, Any], context: Any) -> dict[str, str]:
    return {
        "ended": relay(
            job(
                f"lambda {context.aws_request_id}",
                "lambda",
                left_ms=context.get_remaining_time_in_millis,
            )
        )
    }
