"""The lake: the table `changes`, whose rows and ledger change together or not at all.

Its rows are Arrow tables. The ledger is bytes here: only the flows know what they mean.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

import msgspec

from shared.values.errors import Outage, RowlineError

if TYPE_CHECKING:
    import pyarrow as pa

TABLE = "changes"
"""The table's name in its database."""


class TableHead(msgspec.Struct, frozen=True):
    """The present state of the table.

    snapshot: the id of its Iceberg snapshot; 0: it has no rows yet. ledger: of its rows.
    """

    snapshot: int
    ledger: bytes


class DataFile(msgspec.Struct, frozen=True):
    """One data file of the table.

    first_ms, last_ms: the oldest and the newest commit time of its rows, Unix ms.
    """

    path: str
    size: int
    rows: int
    first_ms: int
    last_ms: int


class Vacuumed(msgspec.Struct, frozen=True):
    """What a vacuum removed: objects that nothing refers to, and their bytes."""

    objects: int = 0
    size: int = 0


class Overtaken(RowlineError):
    """Somebody else committed first. Nothing was written; read the head again and start over."""


class OutcomeUnknown(Outage):
    """The commit may or may not have landed. Nothing was deleted; the next `head` tells."""


class Lake(Protocol):
    """The table. Methods raise Outage (the same may succeed later), StackError."""

    def head(self) -> TableHead:
        """The present state; makes the table the first time."""
        ...

    def append(self, head: TableHead, rows: "pa.Table", ledger: bytes) -> TableHead:
        """Add rows, or none, and put the ledger in place of the former one, in one commit.

        head: the state that the ledger was computed from. Raises Overtaken, OutcomeUnknown.
        """
        ...

    def drop(self, head: TableHead, files: Sequence[DataFile], ledger: bytes) -> TableHead:
        """Remove whole files that are too old, and put the ledger in place of the former one.

        That is one commit. It notes up to when changes were dropped.
        Raises Overtaken, OutcomeUnknown.
        """
        ...

    def rewrite(
        self,
        head: TableHead,
        files: Sequence[DataFile],
        parts: "Iterator[pa.Table]",
        ledger: bytes,
    ) -> TableHead:
        """Put files with the rows of `parts`, which may be fewer, in the place of `files`.

        The ledger takes the place of the former one in the same commit. Without files only that is
        done, and what the former commit noted of removed files goes. Raises Overtaken,
        OutcomeUnknown.
        """
        ...

    def purge(self) -> int:
        """Forget every snapshot but the present one, and remove what only they referred to.

        Returns how many objects were removed.
        """
        ...

    def unreferenced(self) -> list[int]:
        """When each object that nothing refers to was written, Unix ms.

        A run that was killed leaves some, and a run that is under way is about to commit some.
        """
        ...

    def replace(
        self,
        files: Sequence[DataFile],
        parts: "Iterator[pa.Table]",
        alone: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Put files with the rows of `parts` in the place of `files`, in one commit.

        alone: entered for the commit itself, to keep others from committing if possible.
        Others may append meanwhile. Raises Overtaken when one of the files is gone, StackError when
        the number of rows differs, and OutcomeUnknown.
        """
        ...

    def files(self, where: str = "") -> list[DataFile]:
        """The data files of the present state; with a filter, those that may hold such rows."""
        ...

    def scan(
        self,
        columns: Sequence[str],
        *,
        at: TableHead | None = None,
        files: Sequence[DataFile] | None = None,
        where: str = "",
    ) -> "Iterator[pa.RecordBatch]":
        """Rows as readers see them.

        at: of this state instead of the present one. files: only these. where: a filter in
        Iceberg's syntax.
        """
        ...

    def expire(self, before_ms: int) -> int:
        """Forget snapshots older than this (Unix ms), never the present; returns how many."""
        ...

    def vacuum(self, before_ms: int) -> Vacuumed:
        """Remove objects that nothing refers to and that were written before this (Unix ms)."""
        ...
