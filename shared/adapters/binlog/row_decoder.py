"""What is to be done with the row events of one table map: read over, or decoded with functions
made for it.
"""

import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from shared.adapters.binlog import inflate, table_map
from shared.adapters.binlog.charsets import Charsets
from shared.adapters.binlog.column_kinds import describe
from shared.adapters.binlog.column_readers import reader
from shared.adapters.binlog.column_types import OLD_TEMPORAL
from shared.adapters.binlog.contract import UnreadableRow
from shared.adapters.binlog.partial import compile_partial
from shared.adapters.binlog.row_compiler import Pairs, Patterns, RowsReader, compile_rows
from shared.adapters.binlog.row_images import ShortImage, full_head, head_size
from shared.adapters.binlog.row_source import Named
from shared.values.errors import SourceError
from shared.values.table import Table
from shared.values.table_pattern import TablePatterns

UNREADABLE = (ValueError, IndexError, KeyError, struct.error, OverflowError)
_MOST = 1024
PARTIAL = "partial"


class Catalog(Protocol):
    """What must be asked of the server itself, because the binlog does not tell."""

    def charsets(self) -> Charsets:
        """The server's character sets."""
        ...

    def special_columns(self, database: str, table: str) -> Mapping[str, str]:
        """Column → uuid | inet4 | inet6 | vector: MariaDB's binlog shows these as BINARY and
        VARBINARY.
        """
        ...

    def fractions(self, database: str, table: str) -> Mapping[str, int]:
        """Column → digits of its fractional seconds. Of columns in MariaDB's format from before
        10.1.2 the binlog does not tell them.
        """
        ...


class RowDecoder:
    """One table map. `table` is None when the table is not captured."""

    def __init__(
        self, table: Table | None, columns: list[Named], thing: str, json: list[int] | None = None
    ) -> None:
        self.table = table
        self._columns, self._thing, self._json = columns, thing, json or []
        self._readers: dict[str, RowsReader] = {}
        self._shorter: dict[
            int, RowDecoder
        ] = {}  # columns that are present, as bits → the decoder of rows of these
        self._patterns = Patterns(
            columns, self._readers.clear
        )  # they are made anew when another pattern of NULLs is usual

    def rows(self, op: str, data: bytes, start: int, end: int) -> Pairs:
        """The rows at `data[start:end]`; `op` c, u, d, or PARTIAL for updates with JSON diffs.
        Raises UnreadableRow, which never quotes a value.
        """
        try:
            read = self._readers.get(op) or self._reader(op)
            try:
                return read(data, start, end)
            except ShortImage:
                return self._short(op, data, start, end)
        except ShortImage as error:
            raise UnreadableRow(
                f"the binlog carries only some columns of a row; missing: {', '.join(error.missing)}.",  # noqa: E501
                thing=self._thing,
                hint="SET GLOBAL binlog_row_image = FULL (on RDS: in the parameter group), for running sessions too; then start at latest and backfill. "  # noqa: E501
                "Generated columns are left out by MariaDB 11.8.9 in any case: drop them from capture.",  # noqa: E501
            ) from None
        except UnicodeDecodeError as error:
            raise UnreadableRow(
                f"a text value is not valid in its character set ({error.encoding}, byte {error.start}).",  # noqa: E501
                thing=self._thing,
                hint="Mend the value in the database, or drop the column from capture.",
            ) from None
        except UNREADABLE as error:
            raise UnreadableRow(
                f"a row cannot be read ({type(error).__name__}).",
                thing=self._thing,
                hint="Report it with the table's definition; leaving the table out goes on.",
            ) from None

    def partial_rows(self, body: bytes) -> Pairs:
        """The rows of an update event with JSON diffs. Raises UnreadableRow."""
        return self.rows(PARTIAL, body, 8 + int.from_bytes(body[8:10], "little"), len(body))

    def compressed_rows(self, op: str, body: bytes) -> Pairs:
        """The rows of an event of MariaDB with log_bin_compress: behind the bitmaps of columns
        everything is compressed. Raises UnreadableRow.
        """
        try:
            head = 8 + self.head_size(op)
            rows = body[8:head] + inflate.event_part(body[head:])
        except (ValueError, IndexError):
            raise UnreadableRow(
                "a compressed row event cannot be read.",
                thing=self._thing,
                hint="Report it with the server's version.",
            ) from None
        return self.rows(op, rows, 0, len(rows))

    def head_size(self, op: str) -> int:
        """Bytes of column count and bitmaps in front of the rows of an event."""
        return head_size(len(self._columns), op)

    def _short(self, op: str, data: bytes, start: int, end: int) -> Pairs:
        """Rows that lack columns, which is right when those are read over anyway. Raises
        ShortImage.
        """
        body, size = start + self.head_size(op), (len(self._columns) + 7) // 8
        present = int.from_bytes(data[body - size : body], "little")
        if op == "u":
            before = int.from_bytes(data[body - 2 * size : body - size], "little")
            differ, present = before ^ present, before & present
        missing = {i for i in range(len(self._columns)) if not present >> i & 1}
        wanted = [name for i in missing if (name := self._columns[i][0]) is not None]
        if op == PARTIAL or wanted or (op == "u" and differ):
            raise ShortImage(wanted)
        if present not in self._shorter:
            self._shorter[present] = RowDecoder(
                self.table,
                [column for i, column in enumerate(self._columns) if i not in missing],
                self._thing,
            )
        rows = full_head(len(self._columns) - len(missing), op) + data[body:end]
        return self._shorter[present].rows(op, rows, 0, len(rows))

    def _reader(self, op: str) -> RowsReader:
        if op == PARTIAL:
            function = compile_partial(
                self._columns, self._json, {i: self._columns[i][1].prefix for i in self._json}
            )
        else:
            function = compile_rows(self._columns, op, self._patterns)
        self._readers[op] = function
        return function


IGNORED = RowDecoder(None, [], "")
"""For row events that are to be read over."""


class RowDecoders:
    """The decoders of all table maps seen, recognised by their bytes.

    Single-row statements repeat the table map before every row.
    """

    def __init__(
        self,
        capture: TablePatterns,
        catalog: Catalog,
        dropped: Callable[[str, str], frozenset[str]],
        *,
        mariadb: bool,
    ) -> None:
        self._capture, self._catalog, self._dropped, self._mariadb = (
            capture,
            catalog,
            dropped,
            mariadb,
        )
        self.known_maps: dict[bytes, RowDecoder] = {}
        self._seen: set[tuple[str, str]] = set()

    def of(self, body: bytes) -> RowDecoder:
        """The decoder for a table map event's body (its table id apart)."""
        decoder = self.known_maps.get(body)
        if decoder is None:
            if len(self.known_maps) >= _MOST:
                self.known_maps.clear()
            self.known_maps[body] = decoder = self._make(bytes(6) + body)
        return decoder

    def known(self, database: str) -> list[str]:
        """The captured tables of a database, as far as they are known here."""
        return sorted(
            {name for own, name in self._seen if own == database}
            | set(self._capture.named(database))
        )

    def forget(self, defined: Iterable[tuple[str, str]]) -> None:
        """Tables were `defined` anew or dropped: what the server was asked about columns may have
        changed.
        """
        self._seen.update(defined)
        self.known_maps.clear()

    def _make(self, body: bytes) -> RowDecoder:
        try:
            return self._described(body)
        except UNREADABLE as error:
            raise SourceError(
                f"a table map cannot be read ({type(error).__name__}).",
                thing="binlog",
                hint="Report it with the server's version.",
            ) from None

    def _described(self, body: bytes) -> RowDecoder:
        database, name = table_map.names(body)
        if not self._capture.table(database, name):
            return IGNORED
        self._seen.add((database, name))
        described = table_map.parse(
            body, self._catalog.charsets(), geometry_has_charset=self._mariadb
        )
        thing = f"{database}.{name}"
        special: Mapping[str, str] = {}
        if self._mariadb and any(table_map.may_be_special(column) for column in described.columns):
            special = self._catalog.special_columns(database, name)
        if self._mariadb and any(column.type in OLD_TEMPORAL for column in described.columns):
            described = table_map.with_fractions(described, self._catalog.fractions(database, name))
        dropped = self._dropped(database, name)
        kept = [describe(column, special) for column in described.columns]
        columns = tuple(column for column in kept if column.name not in dropped)
        readers: list[Named] = [
            (None if column.name in dropped else column.name, reader(raw, column.kind, thing))
            for raw, column in zip(described.columns, kept, strict=True)
        ]
        json = [i for i, column in enumerate(kept) if column.kind == "json"]
        return RowDecoder(Table(database, name, columns, described.key), readers, thing, json)
