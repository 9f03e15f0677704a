"""A consumer's function: a batch of its FIFO queue in, the ids of the messages to receive again
out.
"""

import time
from functools import cache
from typing import Any

import elasticsearch  # noqa: F401 - loaded while the function starts, at full CPU, not in its first request
from aws_lambda_powertools import Logger

from handlers.environment import client, service, settings, variable
from shared.adapters.claims.s3 import S3Claims
from shared.adapters.metrics.emf import emit
from shared.adapters.queue.sqs import SqsQueue
from shared.adapters.search.elasticsearch import ElasticsearchSearch
from shared.adapters.secrets import secret_json
from shared.adapters.state.dynamodb import DynamoConsumers, DynamoSchemas
from shared.flows.consume.runtime import Consume
from shared.flows.consume.sinks.elasticsearch.latest_state import LatestState
from shared.values.delivery import Delivery

logger = Logger(service=service())


@cache
def _consume() -> Consume:
    consumer, table = (
        settings().consumers[variable("ROWLINE_CONSUMER")],
        variable("ROWLINE_STATE_TABLE"),
    )
    secret, consumers = consumer.elasticsearch.secret, DynamoConsumers(client("dynamodb"), table)
    search = ElasticsearchSearch(secret_json(secret), lambda: secret_json(secret, fresh=True))
    sink = LatestState(consumer, search, DynamoSchemas(client("dynamodb"), table), consumers)
    queue, aside = (
        SqsQueue(client("sqs"), variable("ROWLINE_QUEUE_URL")),
        SqsQueue(client("sqs"), variable("ROWLINE_DLQ_URL")),
    )
    return Consume(
        consumer,
        sink,
        consumers,
        S3Claims(client("s3"), variable("ROWLINE_CLAIMS_BUCKET")),
        queue,
        aside,
    )


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Source of the answer's shape: Lambda developer guide, "Implementing partial batch
    responses".
    """
    done = _consume().handle(
        [Delivery.of(record) for record in event["Records"]],
        lambda: context.get_remaining_time_in_millis() / 1000,
    )
    emit(
        service(),
        "consumer",
        variable("ROWLINE_CONSUMER"),
        done.figures(now_ms=time.time_ns() // 1_000_000),
    )
    (logger.warning if done.reasons else logger.info)(
        "batch", extra={"messages": len(event["Records"]), **done.summary()}
    )
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in done.failed]}
