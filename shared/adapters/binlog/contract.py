"""What the relay and `rowline tail` need of a binlog: a stream of these events, from a position
on.
"""

from collections.abc import Iterator
from typing import Literal, Protocol

import msgspec

from shared.adapters.binlog.executed import Executed
from shared.values.change import Row
from shared.values.column_changes import ColumnChanges
from shared.values.errors import SourceError
from shared.values.position import Position
from shared.values.table import Table


class CannotCapture(SourceError):
    """One table cannot be captured as it is; the others can.

    table: its full name.
    """

    def __init__(self, what: str, *, table: str, thing: str = "", hint: str = "") -> None:
        super().__init__(what, thing=thing or f"table {table}", hint=hint)
        self.table = table


class UnreadableRow(CannotCapture):
    """A row of a captured table cannot be read whole.

    Reading continues where the column at fault is dropped, or the table is not captured.
    thing: full name of the table.
    """

    def __init__(self, what: str, *, thing: str, hint: str = "") -> None:
        super().__init__(what, table=thing, thing=thing, hint=hint)


class Begin(msgspec.Struct, frozen=True, gc=False):
    """A transaction starts.

    id: `GTID@ts_ms` or `SERVER:FILE:OFFSET@ts_ms`. The commit time separates it from a transaction
        with the same GTID after a restore or RESET.
    position: the place before it; reading from there yields this Begin again.
    ts_ms: commit time, Unix milliseconds; whole seconds where the server records no more.
    """

    id: str
    gtid: str
    position: Position
    ts_ms: int


class Rows(msgspec.Struct, frozen=True, gc=False):
    """Rows of one row event of a captured table, in order.

    rows: pairs (before, after) of plain dicts, None where the operation has none.
    event: numbers the row events of the transaction from 0. It counts tables that are not captured
        too, so that a row's place in its transaction does not depend on what is captured.
    first: the place of the first pair in its row event.
    """

    table: Table
    op: Literal["c", "u", "d"]
    event: int
    rows: list[tuple[Row | None, Row | None]]
    first: int = 0


class Truncated(msgspec.Struct, frozen=True, gc=False):
    """Rows of a captured table are gone without row events.

    The statement is TRUNCATE, DROP TABLE, or a RENAME to another name.
    partitions: where only their rows are gone: DROP, TRUNCATE, EXCHANGE and CONVERT PARTITION.
    """

    database: str
    table: str
    partitions: tuple[str, ...] = ()


class SchemaChanged(msgspec.Struct, frozen=True, gc=False):
    """A statement on the definition of a captured table.

    columns: what it says of columns; None: nothing that can be relied on.
    """

    database: str
    table: str
    columns: ColumnChanges | None = None


class Due(msgspec.Struct, frozen=True, gc=False):
    """Rows of a captured table are others, or may be, and no event tells: a backfill is due.

    `table` is `*` for tables of a database whose names nobody can tell. `why` names the kind of
    statement, as `ALTER IGNORE`. It may come twice, when a connection breaks behind it. `was` is
    the former full name of the table that took this name.
    """

    database: str
    table: str
    why: str
    was: str = ""


class Commit(msgspec.Struct, frozen=True, gc=False):
    """The transaction is complete; `position` is the place after it, where reading may start
    again.
    """

    position: Position
    ts_ms: int


class Heartbeat(msgspec.Struct, frozen=True, gc=False):
    """Nothing new, or only transactions without captured rows: the binlog has been read up to
    `position`.

    `ts_ms` the time up to which the source is known to be read.
    """

    position: Position
    ts_ms: int


_START_SECONDS = 1


def is_another_start(one: int, other: int) -> bool:
    """Whether two start times of a server (`Binlog.started`) are of two starts."""
    return abs(one - other) > _START_SECONDS


Event = Begin | Rows | Truncated | SchemaChanged | Due | Commit | Heartbeat


class Binlog(Protocol):
    """A source's binlog.

    A transaction without captured rows yields no Begin/Commit, only (at times) a Heartbeat. Between
    Begin and Commit come only Rows, Truncated, SchemaChanged and Due. Rows that were rolled back
    are counted but not yielded. An event that may carry rows and is not understood raises
    SourceError: nothing is skipped in silence.

    The rows of an XA transaction are yielded where it is committed, also to a reader that began
    behind the place where it was prepared. `read` never continues by itself on a server of
    another identity, or on one that was started again and may lack some of its transactions: it
    raises SourceUnavailable. With `through_restarts` it continues if the binlog is still the same.
    """

    def identity(self) -> str:
        """The server's identity.

        `server_uuid` on MySQL; on MariaDB, which has none, `mariadb-SERVER_ID`.
        """
        ...

    def started(self) -> int:
        """When the server was started: Unix seconds of its own clock.

        Two answers are equal by `is_another_start` until it is started again.
        """
        ...

    def earliest(self) -> Position:
        """Start of the oldest binlog that the server still has."""
        ...

    def latest(self) -> Position:
        """The end of the binlog now (file, offset and gtids)."""
        ...

    def executed(self, at: Position | None = None) -> Executed:
        """The transactions that this server has.

        at: a place of its own, with GTIDs: only those before it.
        """
        ...

    def intact(self, position: Position) -> Position | None:
        """The place up to which the binlog still is the one that `position` was read from.

        `position` itself where nothing changed, and also when nobody can tell, because its file is
        purged or has no time. The end of its file, with GTIDs, when the file is shorter:
        restored, or cut by a crash. None when another file has its name, or none has it yet:
        restored, or `RESET`.
        """
        ...

    def last_start(self) -> Position:
        """The beginning (file and offset) of the first file written since the server was started.

        Empty when that file is purged.
        """
        ...

    def next_start(self, position: Position) -> Position | None:
        """The place where the server continued when it was started again.

        The beginning (file and offset) of the first file after that of `position` which the server
        began because of its start. None when there is none, or nobody can tell: the file is purged,
        or `position` names none. `read` up to there yields no position in that file.
        """
        ...

    def read(
        self, start: Position, *, until: Position | None = None, through_restarts: bool = False
    ) -> Iterator[Event]:
        """Events from `start` on, without end, or up to `until`.

        A Heartbeat comes at least every second. Close the iterator to end.
        Raises PositionLost, SourceUnavailable (after its own retries), UnreadableRow and other
        SourceErrors.
        """
        ...

    def close(self) -> None:
        """End the connection.

        Another thread may call it: `read` then ends at once with SourceUnavailable.
        """
        ...
