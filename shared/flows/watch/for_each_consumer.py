"""For each consumer: calls a function for every consumer; a failure does not stop the others."""

from collections.abc import Callable, Iterable

from shared.flows.watch.watch_setup import WatchSetup
from shared.values.errors import RowlineError

RESERVE_SECONDS = 5.0
"""What must be left of the function's time to begin with another consumer."""


class SomeFailed(RowlineError):
    """A task failed for some of the consumers."""


def for_each(setup: WatchSetup, names: Iterable[str], do: Callable[[str], None]) -> None:
    """Call `do` with each name, as far as the time suffices.

    Each run begins with another name, so that a slow one does not keep the same others waiting.
    Raises SomeFailed naming those for which `do` raised RowlineError.
    """
    every = sorted(names)
    first = int(setup.clock() // 60) % len(every) if every else 0
    failed = []
    for name in every[first:] + every[:first]:
        if setup.left() < RESERVE_SECONDS:
            failed.append(f"{name}: the function's time was over")
            continue
        try:
            do(name)
        except RowlineError as error:
            failed.append(f"{name}: {error}")
    if failed:
        raise SomeFailed("; ".join(failed))
