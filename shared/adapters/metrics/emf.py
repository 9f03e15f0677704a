"""Figures to CloudWatch as embedded metric format: one JSON line on standard output, no request.

Source: CloudWatch user guide, "Embedded metric format specification".
"""

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE = "Rowline"


def emit(service: str, dimension: str, value: str, figures: dict[str, float]) -> None:
    """Write figures to standard output.

    service: SERVICE-STAGE.
    dimension, value: one more dimension, such as `consumer` and its name.
    figures: metric name to figure. Names that end in `Ms` are milliseconds, others are counts.
    """
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=service)
    metrics.add_dimension(dimension, value)
    for name, figure in figures.items():
        metrics.add_metric(
            name, MetricUnit.Milliseconds if name.endswith("Ms") else MetricUnit.Count, figure
        )
    metrics.flush_metrics()
