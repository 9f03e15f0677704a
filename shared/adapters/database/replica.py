"""A source whose rows are read from a replica, and everything else from the server itself.

A replica has only what is in the binlog of its source. So the end of that binlog, asked after a
read, is behind all that the read saw. Binlog files of a replica have other places, so the proof of
its read view needs GTIDs.
"""

from typing import Any, cast

from shared.adapters.database.contract import Database
from shared.values.change import Row
from shared.values.errors import SourceError
from shared.values.position import Position
from shared.values.table import Table


class _ReplicaReads:
    def __init__(self, primary: Database, replica: Database) -> None:
        self._primary, self._replica = primary, replica
        self._known: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._primary, name)

    def chunk(
        self,
        table: Table,
        key: tuple[str, ...],
        after: list[Any] | None,
        limit: int,
        *,
        reached: Position | None,
    ) -> list[Row]:
        """See `Database.chunk`. Raises SourceError without GTIDs."""
        if reached is not None:
            if not reached.gtids:
                raise SourceError(
                    "is on a server without GTIDs, so nothing proves how far a replica is.",
                    thing=f"table {table.full_name}",
                    hint="Switch GTIDs on, or take replicas out of archive.snapshots.",
                )
            reached = Position(gtids=reached.gtids)
        if table.full_name not in self._known:
            self._replica.describe(table.database, table.name)  # it learns the key's index
            self._known.add(table.full_name)
        return self._replica.chunk(table, key, after, limit, reached=reached)


def replica_reads(primary: Database, replica: Database) -> Database:
    """The primary, with rows from the replica."""
    return cast(Database, _ReplicaReads(primary, replica))
