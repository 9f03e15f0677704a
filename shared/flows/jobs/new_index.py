"""New index: what jobs share that fill a new index and move readers to it."""

from shared.domain.reader_takeover import Takeover
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


def require_one_index(setup: JobSetup) -> None:
    """Raises ConfigError while a new index is beside the serving one.

    What writes to the sink directly writes to the serving index alone; the other would lack it.
    """
    pairs = setup.state.pairs.read(setup.consumer.name)
    if pairs.pairs:
        raise unfinished(setup.consumer.name, pairs)


def unfinished(consumer: str, pairs: IndexPairs) -> ConfigError:
    """The error for work that needs one index an alias, or a new one."""
    command = f"rowline cutover {consumer}"
    steps = (
        f"{command} --finish, or --rollback"
        if pairs.cut
        else f"{command}, then {command} --finish. Or give it up: {command} --abandon"
    )
    return ConfigError(
        "has a new index beside the serving one.",
        thing=f"consumer {consumer}",
        hint=f"Complete that first: {steps}.",
    )
