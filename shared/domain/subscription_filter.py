"""The filter policy that a consumer's subscription should have; the plugin deploys the same."""

from collections.abc import Mapping, Sequence
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


def filter_text(policy: Mapping[str, Sequence[Any]] | None) -> str:
    """A policy as text that is the same for the same filter; empty for no subscription."""
    return repr(sorted(_sorted(policy).items())) if policy is not None else ""


def same_filter(one: Mapping[str, Sequence[Any]], other: Mapping[str, Sequence[Any]]) -> bool:
    """Whether two policies let the same messages pass; the order of values means nothing."""
    return _sorted(one) == _sorted(other)


def _sorted(policy: Mapping[str, Sequence[Any]]) -> dict[str, list[str]]:
    return {name: sorted(map(repr, values)) for name, values in policy.items()}
