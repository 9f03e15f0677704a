"""Row lookup: the rows of documents, whatever their ids are made of."""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.adapters.database.contract import Database
from shared.domain.captured_tables import CapturedTable
from shared.domain.sink import Documents, Expected
from shared.values.position import Position


class RowLookup:
    """Finds rows by the ids of their documents, in one table."""

    def __init__(
        self, database: Database, captured: CapturedTable, documents: Documents, chunk_rows: int
    ) -> None:
        self._database, self._captured, self._documents = database, captured, documents
        self._chunk_rows = chunk_rows

    def find(
        self, keys: Mapping[str, list[Any] | None], reached: Position
    ) -> dict[str, list[Expected]]:
        """The documents that rows should be, by id; several where rows share an id.

        keys: id → the values of its columns; None where they cannot be read back from the id: the
            whole table is read then.
        reached: the read contains everything before this place.
        """
        known = [key for key in keys.values() if key is not None]
        rows = (
            self._database.rows(
                self._captured.table, self._documents.id_columns, known, reached=reached
            )
            if len(known) == len(keys)
            else self._walk(reached)
        )
        found: dict[str, list[Expected]] = {}
        for one in map(self._documents.expected, rows):
            if one.id in keys:
                found.setdefault(one.id, []).append(one)
        return found

    def _walk(self, reached: Position) -> Iterator[dict[str, Any]]:
        table, key = self._captured.table, self._captured.key
        after: list[Any] | None = None
        while rows := self._database.chunk(table, key, after, self._chunk_rows, reached=reached):
            yield from rows
            after = [rows[-1][column] for column in key]
