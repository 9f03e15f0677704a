"""Row events that are not simply one list of changed rows."""

from collections.abc import Iterator

from shared.adapters.binlog import kinds
from shared.adapters.binlog.contract import Rows
from shared.adapters.binlog.row_compiler import RowPairs
from shared.adapters.binlog.row_decoder import RowDecoder


def unusual(decoder: RowDecoder, kind: int, number: int, body: bytes) -> Iterator[Rows]:
    """The rows of an event that MariaDB compressed, or of updates with JSON diffs.

    `number` is that of the event in its transaction. Raises UnreadableRow.
    """
    if kind == kinds.PARTIAL_UPDATE_ROWS:
        yield from current(decoder, kind, number, decoder.partial_rows(body))
    else:
        op = kinds.COMPRESSED_ROWS[kind]
        yield from current(decoder, kind, number, decoder.compressed_rows(op, body))


def current(decoder: RowDecoder, kind: int, number: int, pairs: RowPairs) -> Iterator[Rows]:
    """The changes of these rows; of a system-versioned table there may be none."""
    op = kinds.OPERATIONS[kind]
    if decoder.current is not None:
        yield from decoder.current.events(op, number, pairs)
    elif decoder.table is not None:
        yield Rows(decoder.table, op, number, pairs)
