"""The filter policy that a consumer's subscription should have; the plugin deploys the same."""

from typing import Any

from shared.values.settings import ConsumerSettings


def filter_policy(consumer: ConsumerSettings) -> dict[str, list[Any]]:
    """On source, table and lane only, so that a queue gets every change of its tables."""
    return {
        "source": [consumer.source],
        "table": [
            {"prefix": table[:-1]} if table.endswith(".*") else table for table in consumer.tables
        ],
        "lane": ["live"],
    }
