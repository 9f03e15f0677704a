"""A source's relay: started every minute; gives way to one that runs, else relays until its time is nearly over."""

import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers

from handlers.environment import client, service, settings, variable
from shared.adapters.claims.s3 import S3Claims
from shared.adapters.metrics.emf import emit
from shared.adapters.secrets import secret_json
from shared.adapters.state.dynamodb import DynamoSchemas, DynamoStreams
from shared.adapters.topic.sns import open_topic
from shared.flows.relay.loop import Job, relay
from shared.flows.relay.source import opener, preflight
from shared.values.endpoint import SourceEndpoint, from_secret

copy_config_to_registered_loggers(Logger(service=service()), include={"rowline.relay"})


def handle(event: dict[str, Any], context: Any) -> dict[str, str]:
    source, table = settings().sources[variable("ROWLINE_STREAM")], variable("ROWLINE_STATE_TABLE")

    def endpoint() -> SourceEndpoint:
        return from_secret(source.secret, secret_json(source.secret, fresh=True))

    job = Job(
        source=source,
        streams=DynamoStreams(client("dynamodb"), table),
        schemas=DynamoSchemas(client("dynamodb"), table),
        claims=S3Claims(client("s3"), variable("ROWLINE_CLAIMS_BUCKET")),
        topic=open_topic(variable("ROWLINE_TOPIC_ARN")),
        open_binlog=opener(endpoint, f"{service()}/{source.name}"),
        preflight=preflight(endpoint, source),
        holder=f"lambda {context.aws_request_id}",
        manner="leave",
        run="lambda",
        version=os.environ.get("ROWLINE_VERSION", ""),
        mask_key=lambda: str(secret_json(source.secret).get("mask_key", "")).encode(),
        left_ms=context.get_remaining_time_in_millis,
        report=lambda _, metrics: emit(service(), "stream", source.name, metrics),
    )
    return {"ended": relay(job)}
