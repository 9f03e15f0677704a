"""Swap conditions: when a cutover may exchange the indexes, and when it may be rolled back."""

from shared.adapters.queue.contract import Queue
from shared.adapters.state.parked import Parked
from shared.domain.alias_takeover import Takeover
from shared.values.errors import ConfigError, StackError
from shared.values.index_pair import IndexPairs

AGAIN_SECONDS = 45.0
"""A message of a killed function is received again half a minute after its function's time-out (see
`batch_visibility`), and has 15 s to be applied. The wait for functions is as long as the time-out.
"""


def require_step(consumer: str, held: IndexPairs, *, back: bool) -> None:
    """Raise ConfigError unless there is something to swap, or to swap back."""
    name = f"consumer {consumer}"
    if back and not held.cut:
        raise ConfigError(
            "has nothing to roll back: no cutover is unfinished.",
            thing=name,
            hint="A cutover can be rolled back until `--finish`.",
        )
    if not back and held.cut:
        raise ConfigError(
            "was cut over already.",
            thing=name,
            hint=f"Finish it: rowline cutover {consumer} --finish. Or undo it: --rollback.",
        )
    if not held.filled:
        raise ConfigError(
            "has no new index that is filled.",
            thing=name,
            hint=f"Fill one: rowline backfill {consumer} --into new.",
        )


def seconds_to_wait(held: IndexPairs, queue: Queue, now_ms: int) -> float:
    """How long after an exchange the next one waits for what a function was killed with.

    Readers have seen such a change in the index that serves now, and the other index lacks it. An
    empty queue has none.
    """
    left = AGAIN_SECONDS - (now_ms - held.exchanged_ms) / 1000
    return left if left > 0 and queue.depth() != (0, 0) else 0.0


def require_level(
    consumer: str, takeover: Takeover, held: IndexPairs, parked: Parked, accept: int
) -> int:
    """Every change that is settled is in both, or parked; returns how many are parked.

    accept: so many may be parked. Raises StackError.
    """
    if wrong := takeover.problems(held.pairs):
        raise StackError(
            f"cannot be cut over: {'; '.join(wrong)}.",
            thing=f"consumer {consumer}",
            hint=f"Give the new index up, and fill another: rowline cutover {consumer} --abandon.",
        )
    count = sum(1 for _ in parked.all(consumer))
    if count > accept:
        raise StackError(
            f"has {count:,} parked changes, which the new index lacks.",
            thing=f"consumer {consumer}",
            hint=f"See rowline parked list {consumer}. Redrive or drop them, or add "
            f"--accept {count}.",
        )
    return count
