"""A metric as an alarm reads it."""

import datetime
from typing import Any


def highest(cloudwatch: Any, namespace: str, name: str, **dimensions: str) -> float | None:
    """The highest value that CloudWatch has of the last minutes; None where it has none."""
    now = datetime.datetime.now(datetime.UTC)
    points = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - datetime.timedelta(minutes=3),
        EndTime=now + datetime.timedelta(minutes=3),
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    return max((float(point["Maximum"]) for point in points), default=None)
