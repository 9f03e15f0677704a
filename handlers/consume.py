"""A consumer's function: takes a batch of its FIFO queue, names the messages to receive again.

The watch starts it with {"probe": true, "version": N} when its gate is closed. A schedule starts
the function of an archive's consumer with {"drain": true}.
"""

import time
from functools import cache
from typing import Any

from shared.adapters.metrics.emf import emit
from shared.adapters.stack.environment import variable
from shared.flows.consume import sinks
from shared.flows.consume.batch_result import Consumed
from shared.flows.consume.consume import Consume
from shared.flows.consume.draining import drained
from shared.stage import Stage
from shared.values.delivery import Delivery

stage = cache(Stage.from_environment)
sinks.preload(stage().consumer(variable("ROWLINE_CONSUMER")))


@cache
def _consume() -> Consume:
    return stage().runtime(variable("ROWLINE_CONSUMER"))


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Apply a batch, probe the sink, or drain the queue; returns the failed messages of a batch.

    Source of the reply's form: Lambda developer guide, "Implementing partial batch responses".
    """

    def left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    if "probe" in event:
        return {"open": _consume().probe(event["version"], left)}
    if "drain" in event:
        rounds = stage().drain(variable("ROWLINE_CONSUMER"), _consume()).run(left)
        return {"rounds": drained(rounds, _report, stage().start_commit)}
    done = _consume().handle([Delivery.of(record) for record in event["Records"]], left)
    _report(done)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in done.failed]}


def _report(done: Consumed) -> None:
    """The only line of a batch: metrics cost a line anyway."""
    figures = done.figures(now_ms=time.time_ns() // 1_000_000)
    name = variable("ROWLINE_CONSUMER")
    emit(stage().full_name, "consumer", name, figures, **done.unusual())
