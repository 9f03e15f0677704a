"""Gap: metrics that functions write into their log (EMF) are not kept.

There are no metrics of AWS/SQS or of queue-driven functions either: their alarms never fire. Shown
by test_metrics.py.
"""

import json
import threading
import time
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch, lambda_svc, sqs

from local.emulator.patch import Function, around
from local.emulator.queue_lock import LOCK

_EVERY = 15.0  # seconds between looks at the queues


def put(namespace: str, data: list[dict[str, Any]]) -> None:
    """PutMetricData from inside."""
    cloudwatch._put_metric_data({}, {"Namespace": namespace, "MetricData": data}, False, True)


_record_invocation = lambda_svc._emit_lambda_metrics


@around(lambda_svc, "_emit_lambda_metrics")
def only_throttles(
    original: Function, function_name: str, duration_ms: float, error: bool, throttle: bool
) -> None:
    """Leave to the emulator's own count the invocations that never ran.

    It counts only those that come through its API; `with_metrics` counts all.
    """
    if throttle:
        original(function_name, duration_ms, error, throttle)


@around(lambda_svc, "_emit_lambda_logs")
def with_metrics(
    original: Function,
    function: Any,
    request_id: str,
    log: str,
    error: bool,
    duration_ms: float,
    **kwargs: Any,
) -> None:
    """Count an invocation and keep the metrics in its log."""
    original(function, request_id, log, error, duration_ms, **kwargs)
    try:
        _record_invocation(
            (function.get("config") or function).get("FunctionName", "?"), duration_ms, error, False
        )
        for line in (log or "").splitlines():
            if '"_aws"' in line:
                _keep_embedded(json.loads(line))
    except Exception as error_of_ours:  # noqa: BLE001 a metric must never break an invocation
        lambda_svc.logger.warning("embedded metrics: %s", error_of_ours)


def _keep_embedded(document: dict[str, Any]) -> None:
    for directive in document["_aws"].get("CloudWatchMetrics", []):
        for dimensions in directive.get("Dimensions") or [[]]:
            named = _dimensions({name: document[name] for name in dimensions})
            for metric in directive["Metrics"]:
                values = document[metric["Name"]]
                for value in values if isinstance(values, list) else [values]:
                    unit = metric.get("Unit", "None")
                    put(
                        directive["Namespace"],
                        [
                            {
                                "MetricName": metric["Name"],
                                "Dimensions": named,
                                "Value": float(value),
                                "Unit": unit,
                            }
                        ],
                    )


def _dimensions(named: dict[str, Any]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": str(value)} for name, value in named.items()]


def _measure_queues() -> None:
    for (account, region, _url), queue in list(sqs._queues._data.items()):
        with request_scope(account, region):
            with LOCK:
                now, messages = time.time(), list(queue["messages"])
            visible = sum(message["visible_at"] <= now for message in messages)
            values = {
                "ApproximateNumberOfMessagesVisible": (visible, "Count"),
                "ApproximateNumberOfMessagesNotVisible": (len(messages) - visible, "Count"),
                "ApproximateAgeOfOldestMessage": (
                    max((now - message["sent_at"] for message in messages), default=0.0),
                    "Seconds",
                ),
            }
            dimensions = _dimensions({"QueueName": queue["name"]})
            put(
                "AWS/SQS",
                [
                    {"MetricName": n, "Dimensions": dimensions, "Value": float(v), "Unit": u}
                    for n, (v, u) in values.items()
                ],
            )


def _measure_for_ever() -> None:
    while True:
        time.sleep(_EVERY)
        try:
            _measure_queues()
        except Exception as error:  # noqa: BLE001 the next look may succeed
            lambda_svc.logger.warning("queue metrics: %s", error)


threading.Thread(target=_measure_for_ever, name="queue-metrics", daemon=True).start()
