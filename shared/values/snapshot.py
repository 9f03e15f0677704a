"""Snapshot: the rows of a source's tables as they were, each under a number of its stream."""

import msgspec

from shared.values.compression import zstd
from shared.values.snapshot_work import TableRead

LEVEL = 1
MOST_BYTES = 1 << 30
"""Of one part, expanded; a read is bounded far below."""

_CHECKED: dict[int, int] = {
    zstd.CompressionParameter.compression_level: LEVEL,
    zstd.CompressionParameter.checksum_flag: 1,
}


class Part(msgspec.Struct, frozen=True, array_like=True):
    """Rows of one table that one SELECT read.

    seq: of the checkpoint before it: the rows contain every change up to this number.
    read_ms: when, Unix ms. keys, rows: key columns and row of each, as JSON text.
    """

    stream: str
    source: str
    database: str
    table: str
    schema_version: int
    seq: int
    read_ms: int
    keys: list[str]
    rows: list[str]

    @property
    def size(self) -> int:
        """About how many bytes it has."""
        return sum(map(len, self.keys)) + sum(map(len, self.rows))


_decoder = msgspec.msgpack.Decoder(Part)


def encode_part(part: Part) -> bytes:
    """The content of a part's object; it carries a checksum of its own."""
    return zstd.compress(msgspec.msgpack.encode(part), options=_CHECKED)


def decode_part(body: bytes) -> Part:
    """The part of an object. Raises ValueError for one that is damaged."""
    reader = zstd.ZstdDecompressor()
    try:
        plain = reader.decompress(body, MOST_BYTES)
        if not reader.eof or reader.unused_data:
            raise ValueError("compressed data: length")
        return _decoder.decode(plain)
    except (zstd.ZstdError, msgspec.MsgspecError) as error:
        raise ValueError(str(error)) from None


class Readout(msgspec.Struct, frozen=True):
    """What a job has read: parts that wait to become files of the table.

    reads: the server. began_ms, ended_ms: when, Unix ms. left_out: table → why.
    """

    id: str
    source: str
    reads: str
    began_ms: int
    ended_ms: int
    tables: dict[str, TableRead]
    left_out: dict[str, str] = {}


class SnapshotFile(msgspec.Struct, frozen=True):
    """One data file. sha256: of its bytes, in hex."""

    path: str
    table: str
    rows: int
    size: int
    sha256: str


class SnapshotOfTable(msgspec.Struct, frozen=True):
    """One table of a snapshot.

    floor, ceiling: the rows and the archived changes above each row's own number give the exact
    state at any number from `ceiling` on. Changes up to `floor` are in every row.
    schema_versions: the column sets of its rows.
    """

    stream: str
    rows: int
    floor: int
    ceiling: int
    schema_versions: tuple[int, ...] = ()


class Snapshot(msgspec.Struct, frozen=True):
    """A complete snapshot. See `Readout`; expires_ms: when it is removed, Unix ms."""

    id: str
    source: str
    reads: str
    began_ms: int
    ended_ms: int
    expires_ms: int
    tables: dict[str, SnapshotOfTable]
    files: tuple[SnapshotFile, ...]
    left_out: dict[str, str] = {}

    @property
    def rows(self) -> int:
        return sum(each.rows for each in self.tables.values())

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(each.size for each in self.files)


def latest_of(snapshots: list[Snapshot], table: str, source: str = "") -> Snapshot | None:
    """The latest complete snapshot that holds a table, of this source if one is given."""
    holding = [each for each in snapshots if table in each.tables and source in ("", each.source)]
    return max(holding, key=lambda each: each.began_ms, default=None)
