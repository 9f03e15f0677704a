"""Figures to CloudWatch as embedded metric format: one JSON line on standard output, no request.

Source: CloudWatch user guide, "Embedded metric format specification".
"""

from typing import Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE = "Rowline"


def emit(
    service: str, dimension: str, value: str, figures: dict[str, float], **properties: Any
) -> None:
    """Write figures to standard output.

    service: SERVICE-STAGE.
    dimension, value: one more dimension, such as `consumer` and its name.
    figures: metric name to figure. Names that end in `Ms` are milliseconds, others are counts.
    properties: what else the line says, for people who search the log.
    """
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=service)
    metrics.add_dimension(dimension, value)
    for name, figure in figures.items():
        metrics.add_metric(
            name, MetricUnit.Milliseconds if name.endswith("Ms") else MetricUnit.Count, figure
        )
    for name, said in properties.items():
        metrics.add_metadata(name, said)
    metrics.flush_metrics()
