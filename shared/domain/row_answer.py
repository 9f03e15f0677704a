"""Row answer: a row at a time, with the evidence."""

from typing import Literal

import msgspec

from shared.domain.archived_change import Archived
from shared.domain.assumed_columns import RawRow

Existence = Literal["exists", "absent", "unknown"]


class RowAt(msgspec.Struct, frozen=True):
    """A row at a time.

    why: what it is known from. change: the last change before, which made it so.
    certain: False where the archive does not prove it. schema_version: of `row`.
    unknown: columns that the row had, with values that the archive does not know.
    assumed: columns that probably have another name now, and are shown under it; and columns that
    have another type now, with the value of the former one.
    next: its next change, where the row is what that shows of it before.
    """

    state: Existence
    why: str
    row: RawRow | None = None
    change: Archived | None = None
    schema_version: int = 0
    certain: bool = True
    unknown: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    next: Archived | None = None

    @property
    def is_open(self) -> bool:
        """Whether changes do not tell the row, so that a snapshot may."""
        return self.state == "unknown" or (self.state == "absent" and not self.certain)
