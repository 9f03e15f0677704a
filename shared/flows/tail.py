"""Tail: the changes of a source as JSON lines, without AWS.

A person or a script reads what the relay would publish.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from shared.adapters.binlog.contract import Binlog, Due, Heartbeat, SchemaChanged
from shared.adapters.database.contract import Database
from shared.domain.numbering import Numbered, Numbering
from shared.values.errors import PositionLost
from shared.values.position import Position
from shared.values.settings import TableSettings
from shared.values.table import Table
from shared.values.table_pattern import matches

_FLUSH_BYTES = 1 << 16
_COMMA = ord(",")


def tail(
    binlog: Binlog,
    source: str,
    start: Position,
    until: Position | None,
    write: Callable[[bytes], object],
    note: Callable[[SchemaChanged | Due], object] = lambda _: None,
    *,
    hidden: Mapping[str, TableSettings] | None = None,
    mask_key: bytes = b"",
) -> None:
    """Write one line per change from `start` on, with `source`, `database` and `table` in front.

    `seq` counts from 1 (epoch 0), since a tail has no checkpoint to continue from. Lines are
    written in blocks, and at once when the server has nothing more or an error ends the reading.
    until: where it ends; None: never.
    hidden: the columns that leave masked, or not at all. mask_key: the key of mask `hash`.
    Raises what the binlog raises, and PositionLost for a `start`
    that lies after `until`.
    """
    if start.gtids and not start.file and not binlog.executed().covers(start.gtids):
        raise PositionLost(
            f"is not in this server's binlog, which has {binlog.latest().gtids or 'no GTIDs'}.",
            thing=f"position {start}",
            hint=(
                "Is it of another server, or still to come? `--from earliest` or `--from latest` "
                "always works."
            ),
        )
    if until is not None and until.file and start.file and not until.reaches(start):
        raise PositionLost(
            f"lies behind the end of the binlog, which is at {until}.",
            thing=f"position {start}",
            hint=(
                "Is it a position of another server, or was the binlog reset? `--from earliest` "
                "or `--from latest` always works."
            ),
        )
    numbering = Numbering(source, hidden or {}, mask_key=mask_key, sharded=False)
    lines = _Lines(source)
    try:
        for event in binlog.read(start, until=until, through_restarts=True):
            lines.add(numbering.take(event))
            if lines.are_many() or type(event) is Heartbeat:
                lines.write(write)
            if type(event) is SchemaChanged or type(event) is Due:
                note(event)
    except PositionLost as error:
        hint = f"Start again with `--from earliest` or `--from latest`. {error.hint}".strip()
        raise PositionLost(error.what, thing=error.thing, hint=hint) from None
    finally:
        # what was read before an error comes out before it
        lines.add(numbering.rest())
        lines.write(write)


class _Lines:
    """JSON lines that wait to be written."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._lines = bytearray()
        encoder = msgspec.json.Encoder()
        self._encode, self._encode_into = encoder.encode, encoder.encode_into
        self._heads: dict[int, bytes] = {}
        self._tables: list[Table] = []  # keeps them, so that their ids stay taken

    def add(self, changes: Sequence[Numbered]) -> None:
        """A line for each change, with source, database and table in front."""
        lines = self._lines
        for table, _, change in changes:
            lines += self._heads.get(id(table)) or self._head(table)
            comma = len(lines) - 1
            self._encode_into(change, lines, comma)  # its brace comes in the comma's place
            lines[comma] = _COMMA
            lines += b"\n"

    def are_many(self) -> bool:
        """Whether there is a block to write."""
        return len(self._lines) >= _FLUSH_BYTES

    def write(self, write: Callable[[bytes], object]) -> None:
        """All that waits."""
        if self._lines:
            written = bytes(self._lines)
            self._lines.clear()
            write(written)

    def _head(self, table: Table) -> bytes:
        self._tables.append(table)
        opening = self._encode(
            {"source": self._source, "database": table.database, "table": table.name}
        )
        head = self._heads[id(table)] = opening[:-1] + b","
        return head


def absent_tables(database: Database, patterns: Sequence[str]) -> list[str]:
    """The patterns that choose no table which is there now and which the account may see."""
    sizes = database.sizes()
    return [
        pattern
        for pattern in patterns
        if not any(matches(pattern, size.database, size.name) for size in sizes)
    ]
