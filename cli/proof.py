"""Proof: the command that shows whether a consumer has everything."""

from shared.flows.consume import sinks
from shared.values.settings import ConsumerSettings


def proof_of(consumer: ConsumerSettings) -> str:
    """The command; empty where nothing can list what the consumer's sink holds."""
    if consumer.is_drained:
        return "rowline archive audit"
    return f"rowline verify {consumer.name}" if sinks.is_listable(consumer) else ""
