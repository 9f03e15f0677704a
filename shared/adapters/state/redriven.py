"""Redriven: what became of each parked change that a redrive touched."""

from collections.abc import Mapping
from typing import Literal, Protocol

RedriveOutcome = Literal["applied", "superseded", "filtered", "again", "expired", "due", "dropped"]
"""`filtered`: the consumer does not want it any more. `again`: refused again, so it stays parked.
`expired`: its payload is gone, so it stays parked. `due`: its payload is gone, and its table is due
for a resync.
"""


class Redriven(Protocol):
    """The records of one job, forgotten with it.

    Each method raises StateUnavailable, StackError.
    """

    def note(self, consumer: str, job: str, outcomes: Mapping[str, RedriveOutcome]) -> None:
        """Note outcomes by the id of the change; a later one replaces an earlier one."""
        ...

    def read(self, consumer: str, job: str) -> dict[str, RedriveOutcome]:
        """All outcomes of a job, by the id of the change."""
        ...
