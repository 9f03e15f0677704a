"""PARTIAL_UPDATE_ROWS events.

Updates whose after image carries some JSON columns as diffs against the before image.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from shared.adapters.binlog.column_readers import ColumnReader
from shared.adapters.binlog.json_binary import tree
from shared.adapters.binlog.json_diff import apply
from shared.adapters.binlog.row_compiler import Patterns, RowPairs
from shared.adapters.binlog.row_images import Damaged, head_size, require_all_columns
from shared.adapters.binlog.row_source import NamedReader
from shared.values.change import Row

_PARTIAL_JSON = 1
_encode = msgspec.json.Encoder().encode


def compile_partial(
    columns: list[NamedReader], json: list[int], prefixes: dict[int, int]
) -> Callable[[bytes, int, int], RowPairs]:
    """The reader of such events.

    `json` are the places of JSON columns, `prefixes` the bytes of their length; they are read
    as bytes first.
    """
    count = len(columns)
    size = (count + 7) // 8
    names = {
        i: columns[i][0] or f"\0{i}" for i in json
    }  # a column that is read over still counts among the JSON columns
    raw: list[NamedReader] = [
        (names[i], ColumnReader("", "{0}", prefix=prefixes[i])) if i in names else column
        for i, column in enumerate(columns)
    ]
    patterns = Patterns(raw)
    bits_size = (len(json) + 7) // 8

    def read(data: bytes, at: int, end: int) -> RowPairs:
        head = data[at : at + head_size(count, "u")]
        require_all_columns(head, count, "u")
        at += len(head)
        rows: RowPairs = []
        while at < end:
            before, at = patterns[data[at : at + size]](data, at)
            options = data[at]
            at += 1
            if options > _PARTIAL_JSON:
                raise Damaged("value options")
            bits = 0
            if options & _PARTIAL_JSON:
                bits = int.from_bytes(data[at : at + bits_size], "little")
                at += bits_size
            after, at = patterns[data[at : at + size]](data, at)
            for n, i in enumerate(json):
                name = names[i]
                old, new = before[name], after[name]
                after[name] = (
                    None if new is None else _text(apply(old, new) if bits >> n & 1 else tree(new))
                )
                before[name] = None if old is None else _text(tree(old))
            rows.append((_kept(before), _kept(after)))
        if at != end:
            raise Damaged("rows")
        return rows

    return read


def _text(document: Any) -> Any:
    return msgspec.Raw(_encode(document))


def _kept(row: Row) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("\0")}
