"""What is to be done with the row events of one table map.

Read over, or decoded with functions made for it.
"""

import struct
from collections.abc import Callable

from shared.adapters.binlog import inflate, table_map
from shared.adapters.binlog.contract import UnreadableRow
from shared.adapters.binlog.current_rows import CurrentRows
from shared.adapters.binlog.described_table import DescribedTables, Period, described
from shared.adapters.binlog.known_tables import KnownTables
from shared.adapters.binlog.looked_up_values import DamagedLabel
from shared.adapters.binlog.partial import compile_partial
from shared.adapters.binlog.row_compiler import Patterns, RowPairs, RowsReader, compile_rows
from shared.adapters.binlog.row_images import ShortImage, full_head, head_size
from shared.adapters.binlog.row_source import NamedReader
from shared.values.errors import SourceError
from shared.values.table import Table
from shared.values.table_pattern import TablePatterns

DECODE_ERRORS = (ValueError, IndexError, KeyError, struct.error, OverflowError)
_MOST = 1024
PARTIAL = "partial"
_HAS_TRIGGERS = 1 << 14
"""MariaDB's flag TM_BIT_HAS_TRIGGERS_F. Source: MariaDB sql/log_event.h, Table_map_log_event."""

_SEQUENCE = (
    *("next_not_cached_value", "minimum_value", "maximum_value", "start_value", "increment"),
    *("cache_size", "cycle_option", "cycle_count"),
)
"""The columns by which MariaDB logs the state of a sequence."""


class RowDecoder:
    """One table map.

    `table` is None when the table is not captured; `current` makes the changes of a
    system-versioned table of what `rows` gives.
    """

    def __init__(
        self,
        table: Table | None,
        columns: list[NamedReader],
        thing: str,
        json: list[int] | None = None,
        period: Period | None = None,
    ) -> None:
        self.table = table
        self.current = CurrentRows(table, period) if table and period else None
        self._columns, self._thing, self._json = columns, thing, json or []
        self._readers: dict[str, RowsReader] = {}
        self._shorter: dict[
            int, RowDecoder
        ] = {}  # columns that are present, as bits → the decoder of rows of these
        self._patterns = Patterns(
            columns, self._readers.clear
        )  # they are made again when another pattern of NULLs is usual

    def rows(self, op: str, data: bytes, start: int, end: int) -> RowPairs:
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
                "the binlog carries only some columns of a row; missing: "
                f"{', '.join(error.missing)}.",
                thing=self._thing,
                hint="SET GLOBAL binlog_row_image = FULL (on RDS: in the parameter group), for "
                "running sessions too; then start at latest and backfill. MariaDB 11.8.9 leaves "
                "out generated columns in any case: drop them from capture.",
            ) from None
        except DamagedLabel as error:
            raise UnreadableRow(
                f"column {error.column} holds a label that is not valid in its character set: "
                "CONVERT TO CHARACTER SET kept its bytes.",
                thing=self._thing,
                hint=f"Write its labels again (ALTER TABLE … MODIFY {error.column} ENUM(…)), or "
                "drop the column from capture.",
            ) from None
        except UnicodeDecodeError as error:
            raise UnreadableRow(
                f"a text value is not valid in its character set ({error.encoding}, byte "
                f"{error.start}).",
                thing=self._thing,
                hint="Correct the value in the database, or drop the column from capture.",
            ) from None
        except DECODE_ERRORS as error:
            raise UnreadableRow(
                f"a row cannot be read ({type(error).__name__}).",
                thing=self._thing,
                hint="Report it with the table's definition; without it the relay continues.",
            ) from None

    def partial_rows(self, body: bytes) -> RowPairs:
        """The rows of an update event with JSON diffs. Raises UnreadableRow."""
        return self.rows(PARTIAL, body, 8 + int.from_bytes(body[8:10], "little"), len(body))

    def compressed_rows(self, op: str, body: bytes) -> RowPairs:
        """The rows of an event of MariaDB with log_bin_compress.

        Behind the bitmaps of columns everything is compressed. Raises UnreadableRow.
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

    def _short(self, op: str, data: bytes, start: int, end: int) -> RowPairs:
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
        catalog: DescribedTables,
        tables: KnownTables,
        dropped: Callable[[str, str], frozenset[str]],
        *,
        mariadb: bool,
    ) -> None:
        self._capture, self._catalog, self._tables = capture, catalog, tables
        self._dropped, self._mariadb = dropped, mariadb
        self.known_maps: dict[bytes, RowDecoder] = {}

    def of(self, body: bytes) -> RowDecoder:
        """The decoder for a table map event's body (its table id apart)."""
        decoder = self.known_maps.get(body)
        if decoder is None:
            if len(self.known_maps) >= _MOST:
                self.known_maps.clear()
            self.known_maps[body] = decoder = self._make(bytes(6) + body)
        return decoder

    def forget(self) -> None:
        """Forget the server's answers about columns: a definition changed, so they may be wrong."""
        self.known_maps.clear()

    def _make(self, body: bytes) -> RowDecoder:
        thing = ""
        try:
            thing = ".".join(table_map.names(body))
            return self._described(body)
        except SourceError as error:  # the table is captured, and cannot be: the others can
            raise UnreadableRow(error.what, thing=thing, hint=error.hint) from None
        except DECODE_ERRORS as error:
            what = f"a table map cannot be read ({type(error).__name__})."
            hint = "Report it with the server's version."
            if thing:
                raise UnreadableRow(what, thing=thing, hint=hint) from None
            raise SourceError(what, thing="binlog", hint=hint) from None

    def _described(self, body: bytes) -> RowDecoder:
        database, name = table_map.names(body)
        self._note_side((database, name), body)
        if not self._capture.table(database, name):
            return IGNORED
        self._tables.see((database, name))
        raw = table_map.parse(body, self._catalog.charsets(), geometry_has_charset=self._mariadb)
        names = tuple(column.name for column in raw.columns)
        if names == _SEQUENCE and self._tables.looks_like_sequence((database, name)):
            return IGNORED
        found = described(raw, self._catalog, self._dropped(database, name), mariadb=self._mariadb)
        return RowDecoder(
            found.table, found.columns, f"{database}.{name}", found.json, found.period
        )

    def _note_side(self, name: tuple[str, str], body: bytes) -> None:
        """MariaDB says in a table map whether the table has triggers."""
        if self._mariadb:
            flags = int.from_bytes(body[6:8], "little")
            self._tables.set_side(name, "opaque" if flags & _HAS_TRIGGERS else "plain")
