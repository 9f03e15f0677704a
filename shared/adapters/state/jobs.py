"""Jobs: the long work of each consumer that is under way."""

from typing import Any, Protocol

import msgspec

from shared.values.errors import StackError


class Run(msgspec.Struct, frozen=True, omit_defaults=True):
    """A backfill of a consumer that is under way: its `id`, and per table how far it came
    (`cursor`: JSON of the last key sent, `rows` sent, `estimate` of all rows, `sent` messages,
    `complete`). `attempt` grows when it is begun anew; tables that only earlier attempts read are
    `left`. `runner` is the process that goes on with it; another that finds itself replaced
    stops.
    """

    id: str
    tables: dict[str, dict[str, Any]]
    started_ms: int = 0
    attempt: int = 1
    runner: str = ""


class Jobs(Protocol):
    """At most one backfill of a consumer is under way."""

    def run(self, consumer: str) -> Run | None: ...

    def save(self, consumer: str, run: Run) -> None:
        """Begin a run or store its progress. Raises StackError when another run (another id) is
        under way.
        """
        ...

    def end(self, consumer: str, run_id: str) -> None:
        """Forget the run, its deletions and done messages. Raises nothing when it is gone."""
        ...


def another_run(consumer: str, run_id: str) -> StackError:
    """The error that `save` of every implementation raises."""
    return StackError(
        f"another backfill ({run_id}) is under way.",
        thing=f"consumer {consumer}",
        hint="Wait for it, or resume or abandon it: rowline backfill.",
    )
