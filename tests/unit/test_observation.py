"""The figures that `rowline status` shows of consumers, as CloudWatch answers."""

import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from shared.adapters.observation.aws_observation import AwsObservation

NAMES: Any = SimpleNamespace(
    topic_arn="arn:aws:sns:eu-west-1:1:t.fifo",
    queue_url=lambda consumer: f"https://sqs/1/{consumer}.fifo",
    consume_function=lambda consumer: f"consume-{consumer}",
)
MINUTES = [datetime.datetime(2026, 11, 27, 20, minute, tzinfo=datetime.UTC) for minute in (1, 2, 3)]
VALUES = {"LagMs": [60_000.0, 120_000.0, 180_000.0], "Invocations": [1.0, 2.0, 3.0]}


class CloudWatch:
    def __init__(self, newest_first: bool) -> None:
        self.step = -1 if newest_first else 1

    def get_paginator(self, operation: str) -> "CloudWatch":
        self.operation = operation
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        if self.operation == "list_subscriptions_by_topic":
            return []
        results = []
        for query in asked["MetricDataQueries"]:
            values = VALUES.get(query["MetricStat"]["Metric"]["MetricName"], [])
            times = MINUTES[: len(values)]
            results.append(
                {
                    "Id": query["Id"],
                    "Timestamps": times[:: self.step],
                    "Values": values[:: self.step],
                }
            )
        return [{"MetricDataResults": results}]


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_lag_is_that_of_the_latest_minute_in_whatever_order_they_come(newest_first: bool) -> None:
    client = CloudWatch(newest_first)
    (signs,) = AwsObservation("rowline-local", NAMES, lambda _: client).signs(["search"]).values()
    assert (signs.lag_s, signs.runs) == (180.0, 6)
