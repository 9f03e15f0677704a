"""Fill conditions: whether a job may write rows into a sink, beside what changes bring.

When it begins to read: see `subscription_in_force`, and for a new index `filling_beside`.
"""

from shared.flows.jobs.job_setup import JobSetup
from shared.values.errors import ConfigError
from shared.values.index_pair import IndexPairs
from shared.values.settings import ConsumerSettings


def require_fillable(consumer: ConsumerSettings) -> None:
    """Raises ConfigError for the archive, which drops rows that are read: they are no changes."""
    if consumer.is_drained:
        raise ConfigError(
            "is the archive itself, which takes no rows that are read.",
            thing=f"consumer {consumer.name}",
            hint="Store them beside the archived changes: rowline snapshot create.",
        )


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
