"""Archive pages: what a job asks of the archive's rows, and the form of the answers."""

import base64

import msgspec

from shared.values.compression import zstd

MOST_EXPANDED = 1 << 28
"""Bytes of one page; what claims to be larger is damaged."""

FOREVER_US = 253_402_300_799_000_000
"""The end of the year 9999, Unix µs."""

_LEVEL = 3


class TableName(msgspec.Struct, frozen=True, array_like=True):
    """A table, by the two names that the archive keeps apart."""

    database: str
    table: str

    @property
    def full(self) -> str:
        return f"{self.database}.{self.table}"


class Choice(msgspec.Struct, frozen=True, omit_defaults=True):
    """The archived changes that are meant.

    source: the source of the tables.
    from_us, to_us: committed from the first to before the second, Unix µs.
    keys: JSON texts of the rows' keys; empty: all rows.
    where: conditions on columns and operation, see `ChangeWhere`.
    newest: only the newest change of each row, and only where it is one of the chosen.
    """

    source: str
    tables: tuple[TableName, ...]
    from_us: int
    to_us: int
    keys: tuple[str, ...] = ()
    where: str = ""
    newest: bool = False


class Base(msgspec.Struct, frozen=True, omit_defaults=True):
    """The rows of a table in a snapshot, on which its later changes come.

    id: of the snapshot. began_ms: when it was taken, Unix ms. rows: in it.
    stream: that carried the table. floor, ceiling: see `SnapshotOfTable`.
    missing: why the archive lacks changes above the floor; empty: it has all that it reaches.
    dues: see `TableRead`.
    """

    id: str
    began_ms: int
    rows: int
    stream: str
    floor: int
    ceiling: int
    missing: str = ""
    dues: tuple[str, ...] = ()


class StreamReach(msgspec.Struct, frozen=True):
    """How far the archive has a stream.

    through: seq up to which nothing is missing. at_us: up to which time that is, Unix µs; 0: not
    known. end: the highest seq that the stream gave out, as far as is known.
    gap: the numbers that are missing although later ones are archived; empty: none are.
    """

    stream: str
    through: int
    at_us: int
    end: int
    gap: str = ""


class Reach(msgspec.Struct, frozen=True):
    """How far the archive reaches.

    since_us: when its oldest change was committed, Unix µs; 0: it has none.
    size, rows: of its data files.
    """

    streams: tuple[StreamReach, ...]
    since_us: int = 0
    size: int = 0
    rows: int = 0

    @property
    def until_us(self) -> int:
        """The time up to which every change of the source is there, Unix µs."""
        return min((each.at_us for each in self.streams), default=0)


class PartPlan(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the chosen changes of a table are read, in parts of bounded size.

    changes: those that are sent.
    later: rows that are left out because they changed again after the chosen time.
    gone: rows that are left out because their table was truncated later.
    first: the lowest seq of a change in the chosen time; 0: there is none.
    bounds: where each part after the first begins.
    """

    changes: int = 0
    later: int = 0
    gone: int = 0
    first: int = 0
    bounds: tuple[str, ...] = ()


class PartRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """Changes of one table, from the place `low` to before `high`; empty: beginning and end.

    A place is a key as JSON text where the newest changes are asked for, else `EPOCH:N`.
    through: stream → seq up to which changes count; other streams have none.
    first: see `PartPlan`.
    base: the snapshot whose rows are meant too, where they are newer than the changes.
    """

    choice: Choice
    table: TableName
    through: dict[str, int]
    first: int = 0
    low: str = ""
    high: str = ""
    base: str = ""


class PageRow(msgspec.Struct, array_like=True, gc=False):
    """One archived change, or a row of a snapshot (`r`), which has no group.

    key, before, after: JSON text. place: see `PartRequest`.
    A page has thousands: the garbage collector need not look at them.
    """

    place: str
    stream: str
    seq: int
    id: str
    op: str
    key: str
    ts_ms: int
    before: str | None
    after: str | None
    tx_id: str
    tx_index: int
    tx_last: bool
    schema_version: int
    group: str


class ArchivePage(msgspec.Struct, frozen=True):
    """Changes in the order of their places. rest: where the next page begins; empty: the end."""

    rows: list[PageRow]
    rest: str = ""


_decode = msgspec.msgpack.Decoder(ArchivePage).decode


def packed(page: ArchivePage) -> str:
    """A page as text: an answer of a function is JSON."""
    return base64.b64encode(zstd.compress(msgspec.msgpack.encode(page), level=_LEVEL)).decode()


def unpacked(text: str) -> ArchivePage:
    """The page of such a text. Raises ValueError for a damaged one."""
    try:
        plain = zstd.ZstdDecompressor().decompress(base64.b64decode(text), MOST_EXPANDED)
        return _decode(plain)
    except (zstd.ZstdError, msgspec.MsgspecError) as error:
        raise ValueError(str(error)) from None
