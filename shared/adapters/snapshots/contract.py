"""Snapshots: where their parts wait, what each one holds, and the table with their rows."""

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from shared.values.snapshot import Readout, Snapshot, SnapshotFile, SnapshotPart

if TYPE_CHECKING:
    import pyarrow as pa

TABLE = "snapshots"
"""The table's name in the archive's database."""


class SnapshotStore(Protocol):
    """Objects of snapshots besides the table's. Methods raise StateUnavailable, StackError."""

    def put_part(self, id: str, table: str, number: int, token: int, part: SnapshotPart) -> None:
        """Write a part durably. The token of its writer is in the name."""
        ...

    def part(self, id: str, table: str, number: int, token: int) -> SnapshotPart:
        """The content of a part. Raises StackError for one that is missing or damaged."""
        ...

    def put_readout(self, readout: Readout) -> None:
        """All parts are there: the snapshot may be packed."""
        ...

    def readouts(self) -> list[Readout]:
        """The readouts that are not packed yet, oldest first."""
        ...

    def done(self, readout: Readout) -> None:
        """Remove the parts and the readout."""
        ...

    def put(self, snapshot: Snapshot) -> None:
        """The snapshot is complete, or has changed."""
        ...

    def all(self) -> list[Snapshot]:
        """The complete snapshots, oldest first."""
        ...

    def after(self, id: str) -> Iterator[Snapshot]:
        """The complete snapshots with later ids, oldest first, each read when it is asked for.

        id: empty for all of them.
        """
        ...

    def get(self, id: str) -> Snapshot | None:
        """A complete snapshot by its id."""
        ...

    def parts(self) -> Iterator[tuple[str, str, SnapshotPart]]:
        """Every part that waits: the id of its snapshot, its name for `remove_part`, the part.

        Raises StackError for one that is damaged.
        """
        ...

    def remove_part(self, name: str) -> None:
        """Remove one part; one that is gone already is no error."""
        ...

    def remove(self, id: str) -> None:
        """Forget a snapshot. Its files are removed from the table afterwards."""
        ...


class PackedFile(msgspec.Struct, frozen=True):
    """A file of the table, by the parts that it was made of: `first` to `last` of a table."""

    id: str
    table: str
    first: int
    last: int
    file: SnapshotFile


class SnapshotTable(Protocol):
    """The rows of all snapshots. Methods raise Outage, StackError."""

    def packed(self, id: str) -> list[PackedFile]:
        """The files of a snapshot, as far as they are committed."""
        ...

    def ids(self) -> set[str]:
        """The snapshots that have files."""
        ...

    def add(self, id: str, table: str, first: int, last: int, rows: "pa.Table") -> None:
        """Commit the rows of these parts, once: what is there already stays."""
        ...

    def drop(self, ids: Sequence[str]) -> int:
        """Remove the files of these snapshots in one commit; returns how many."""
        ...

    def rows(
        self, id: str, table: str, columns: Sequence[str], *, low: str = "", high: str = ""
    ) -> "Iterator[pa.RecordBatch]":
        """The rows of a table in a snapshot.

        low, high: only those with keys from the first to before the second; empty: no bound.
        """
        ...

    def erase(self, source: str, table: str, keys: Collection[str]) -> int:
        """Remove the rows with these keys (JSON text) of a source's table, in one commit.

        Returns their number. Former states of the table and their files are removed too.
        """
        ...

    def unreferenced(self) -> list[int]:
        """When each object that nothing refers to was written, Unix ms."""
        ...

    def sha256(self, path: str) -> str:
        """The SHA-256 of a file's bytes as they are now; empty: the file is gone."""
        ...

    def noted_sha256(self, path: str) -> str:
        """The SHA-256 of a file's bytes as they were written."""
        ...

    def tidy(self, expire_ms: int, vacuum_ms: int) -> int:
        """Expire Iceberg snapshots and remove unused objects; returns how many objects.

        Both are older than these times, Unix ms.
        """
        ...
