"""SnapshotWork: the job that reads the tables of a source into parts, from which files are made."""

import msgspec

from shared.values.asked_end import AskedEnd
from shared.values.sent_chunk import SentChunk


class TableRead(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a table is read.

    cursor: JSON of the last key that was read; empty before the first.
    rows: in the parts. parts: how many there are.
    runs: (token, parts) of each holder in turn; only parts with these tokens are of the snapshot.
    stream: that carries the table.
    floor: seq under which the first rows were read. Every later change of a row that was read, and
        every change of a row that was not, has a higher one than the row's part.
    ceiling: seq at which the stream had passed all that the reads saw; 0 while it is not complete.
    read_all: every row was read.
    dues: ids of the causes for which the table was due before its first row was read. What they did
        is in the rows.
    chunks: read, but not proved yet to be in the binlog, oldest first. After the last row, the last
        one is the read that found none.
    """

    cursor: str = ""
    rows: int = 0
    parts: int = 0
    runs: tuple[tuple[int, int], ...] = ()
    stream: str = ""
    floor: int = 0
    ceiling: int = 0
    read_all: bool = False
    dues: tuple[str, ...] = ()
    chunks: tuple[SentChunk, ...] = ()

    def with_part(self, token: int) -> "TableRead":
        """After a part was written by the holder with this token."""
        runs = self.runs
        if runs and runs[-1][0] == token:
            runs = (*runs[:-1], (token, runs[-1][1] + 1))
        else:
            runs = (*runs, (token, 1))
        return msgspec.structs.replace(self, parts=self.parts + 1, runs=runs)

    def tokens(self) -> list[int]:
        """The token of the holder that wrote each part, in order."""
        return [token for token, count in self.runs for _ in range(count)]


class SnapshotWork(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="snapshot"
):
    """Reads every row of tables of a source.

    left_out: tables that are not captured now → why.
    attempt: grows with each start from the beginning.
    asked: by stream, what its relay has to publish before the first read.
    """

    tables: dict[str, TableRead] = {}
    left_out: dict[str, str] = {}
    attempt: int = 1
    asked: dict[str, AskedEnd] = {}
