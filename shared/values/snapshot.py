"""Snapshot: the rows of a source's tables as they were, each under a number of its stream."""

from array import array
from collections.abc import Collection, Iterator
from itertools import accumulate, pairwise

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


class Texts(msgspec.Struct, frozen=True, array_like=True):
    """Texts end to end, as Arrow has them: no object each on the way from the job to a file.

    ends: 0 and the end of each text in `joined`, 32-bit integers.
    """

    ends: bytes
    joined: bytes

    @classmethod
    def of(cls, texts: Collection[bytes]) -> "Texts":
        """A list of these texts, which are UTF-8."""
        return cls(array("i", accumulate(map(len, texts), initial=0)).tobytes(), b"".join(texts))

    def __len__(self) -> int:
        return len(memoryview(self.ends).cast("i")) - 1

    def __iter__(self) -> Iterator[str]:
        for start, end in pairwise(memoryview(self.ends).cast("i")):
            yield self.joined[start:end].decode()


class SnapshotPart(msgspec.Struct, frozen=True, array_like=True):
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
    keys: Texts
    rows: Texts

    @property
    def size(self) -> int:
        """About how many bytes it has."""
        return len(self.keys.joined) + len(self.rows.joined)


_decoder = msgspec.msgpack.Decoder(SnapshotPart)
_former_decoder = msgspec.msgpack.Decoder(
    tuple[str, str, str, str, int, int, int, list[str], list[str]]
)


def encode_part(part: SnapshotPart) -> bytes:
    """The content of a part's object; it carries a checksum of its own."""
    return zstd.compress(msgspec.msgpack.encode(part), options=_CHECKED)


def decode_part(body: bytes) -> SnapshotPart:
    """The part of an object. Raises ValueError for one that is damaged."""
    reader = zstd.ZstdDecompressor()
    try:
        plain = reader.decompress(body, MOST_BYTES)
        if not reader.eof or reader.unused_data:
            raise ValueError("compressed data: length")
        try:
            return _decoder.decode(plain)
        except msgspec.ValidationError:
            return _of_lists(plain)
    except (zstd.ZstdError, msgspec.MsgspecError) as error:
        raise ValueError(str(error)) from None


def _of_lists(plain: bytes) -> SnapshotPart:
    """A part as former versions wrote it, with lists of texts: an upgrade came before its file."""
    held = _former_decoder.decode(plain)
    keys, rows = (Texts.of([text.encode() for text in texts]) for texts in held[-2:])
    return SnapshotPart(*held[:-2], keys, rows)


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
    schema_versions: the column sets of its rows. dues: see `TableRead`.
    """

    stream: str
    rows: int
    floor: int
    ceiling: int
    schema_versions: tuple[int, ...] = ()
    dues: tuple[str, ...] = ()


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
