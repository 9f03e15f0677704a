"""Stopped table refused: a job does not read rows of a table that is not captured now.

Such a table has no watermark: what changes after the read would be missing.
"""

from collections.abc import Collection

from shared.values.checkpoint import Checkpoint
from shared.values.errors import StackError


def refuse_stopped(checkpoint: Checkpoint | None, tables: Collection[str]) -> None:
    """Raises StackError when one of the tables stopped, with the reason and what to do."""
    for name in sorted(set(tables) & set(checkpoint.whole.stopped if checkpoint else ())):
        stopped = checkpoint.stopped.get(name) if checkpoint else None
        raise StackError(
            f"is not captured now: it {stopped.what if stopped else 'cannot be'}.",
            thing=f"table {name}",
            hint=f"{stopped.fix if stopped else ''} `rowline status` shows when it is captured "
            "again; leave it out until then.".strip(),
        )
