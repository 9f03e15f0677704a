"""Storing pairs: the pairs of indexes of a consumer, and what moves readers between the two."""

from shared.domain.alias_takeover import Takeover
from shared.flows.jobs.job_setup import JobSetup
from shared.values.errors import ConfigError, StackError
from shared.values.index_pair import IndexPairs


def takeover_of(setup: JobSetup) -> Takeover:
    """What moves readers. Raises ConfigError for a sink that has no readers to move."""
    if setup.takeover is None:
        raise ConfigError(
            f"its sink, {setup.consumer.kind}, has no index that another one could replace.",
            thing=f"consumer {setup.consumer.name}",
            hint="Only `elasticsearch` has.",
        )
    return setup.takeover


def store_pairs(setup: JobSetup, pairs: IndexPairs) -> IndexPairs:
    """Store pairs as they were read and changed. Raises StackError when somebody else did."""
    stored = setup.state.pairs.write(setup.consumer.name, pairs)
    if stored is None:
        raise StackError(
            "had its indexes changed by another process.",
            thing=f"consumer {setup.consumer.name}",
            hint="See rowline jobs list.",
        )
    return stored
