"""Tail: the changes of a source as JSON lines, without AWS: what the relay would publish, for a
person or a script to read.
"""

from collections.abc import Callable, Sequence

import msgspec

from shared.adapters.binlog.contract import Binlog, Due, Heartbeat, SchemaChanged
from shared.adapters.database.contract import Database
from shared.domain.numbering import Numbering
from shared.values.errors import PositionLost
from shared.values.position import Position
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
) -> None:
    """Write one line a change from `start` on: the change as in a message, with `source`,
    `database` and `table` in front.

    `seq` counts from 1 here (epoch 0): a tail has no checkpoint to go on from. Lines are written in
    blocks, and at once when the server has nothing more or an error ends the reading. Ends at
    `until`, else never. Raises what the binlog raises, and PositionLost for a `start` that lies
    behind `until`.
    """
    if until is not None and until.file and start.file and not until.reaches(start):
        raise PositionLost(
            f"lies behind the end of the binlog, which is at {until}.",
            thing=f"position {start}",
            hint=(
                "Is it a position of another server, or was the binlog reset? `--from earliest` "
                "or `--from latest` always works."
            ),
        )
    encoder = msgspec.json.Encoder()
    encode_into = encoder.encode_into
    numbering = Numbering(source, {}, sharded=False)
    heads: dict[int, bytes] = {}
    tables: list[Table] = []  # keeps them, so that their ids stay taken
    lines = bytearray()
    try:
        for event in binlog.read(start, until=until, through_restarts=True):
            for table, _, change in numbering.take(event):
                head = heads.get(id(table))
                if head is None:
                    tables.append(table)
                    opening = encoder.encode(
                        {"source": source, "database": table.database, "table": table.name}
                    )
                    head = heads[id(table)] = opening[:-1] + b","
                lines += head
                comma = len(lines) - 1
                encode_into(change, lines, comma)  # its brace comes in the comma's place
                lines[comma] = _COMMA
                lines += b"\n"
            if len(lines) >= _FLUSH_BYTES or (lines and type(event) is Heartbeat):
                write(bytes(lines))
                lines.clear()
            if type(event) is SchemaChanged or type(event) is Due:
                note(event)
    finally:
        if lines:
            write(bytes(lines))


def absent_tables(database: Database, patterns: Sequence[str]) -> list[str]:
    """The patterns that choose no table which is there now and which the account may see."""
    sizes = database.sizes()
    return [
        pattern
        for pattern in patterns
        if not any(matches(pattern, size.full_name) for size in sizes)
    ]
