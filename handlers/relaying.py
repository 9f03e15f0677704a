"""A relay's job, from the environment: the same whether a function or a container runs it."""

import os
import threading
from collections.abc import Callable
from typing import Any

from handlers.environment import client, service, settings, variable
from shared.adapters.claims.s3 import S3Claims
from shared.adapters.metrics.emf import emit
from shared.adapters.secrets import secret_json
from shared.adapters.state.dynamodb import DynamoSchemas, DynamoStreams
from shared.adapters.topic.sns import open_topic
from shared.flows.relay.loop import RelaySetup
from shared.flows.relay.reading.connecting import database, opener, preflight
from shared.values.endpoint import SourceEndpoint, from_secret


def job(
    holder: str,
    run: str,
    *,
    left_ms: Callable[[], int | None] = lambda: None,
    alive: Callable[[], None] = lambda: None,
    stop: threading.Event | None = None,
) -> RelaySetup:
    """The relay of ROWLINE_STREAM. It gives way to one that lives; `alive` is called with each
    report, every ten seconds. Raises ConfigError.
    """
    deployed, table = settings(), variable("ROWLINE_STATE_TABLE")
    source = deployed.sources[variable("ROWLINE_STREAM")]

    def endpoint() -> SourceEndpoint:
        return from_secret(source.secret, secret_json(source.secret, fresh=True))

    def report(_: dict[str, Any], metrics: dict[str, float]) -> None:
        alive()
        emit(service(), "stream", source.name, metrics)

    return RelaySetup(
        source=source,
        streams=DynamoStreams(client("dynamodb"), table),
        schemas=DynamoSchemas(client("dynamodb"), table),
        claims=S3Claims(client("s3"), variable("ROWLINE_CLAIMS_BUCKET")),
        topic=open_topic(variable("ROWLINE_TOPIC_ARN")),
        open_binlog=opener(endpoint, f"{service()}/{source.name}"),
        open_database=database(endpoint),
        preflight=preflight(endpoint, source),
        others={each.stream: each.tables for each in deployed.siblings(source)},
        holder=holder,
        manner="leave",
        run=run,
        version=os.environ.get("ROWLINE_VERSION", ""),
        mask_key=lambda: str(secret_json(source.secret).get("mask_key", "")).encode(),
        left_ms=left_ms,
        report=report,
        stop=stop or threading.Event(),
    )
