"""The optional metadata of a table map: blocks of (kind, length, value) behind the columns.

Source: MySQL libs/mysql/binlog/event/rows_event.h, Table_map_event::Optional_metadata_fields;
MariaDB sql/log_event.h, Table_map_log_event.
"""

from collections.abc import Sequence

from shared.adapters.binlog.length_encoded import length_encoded

_SIGNEDNESS, _CHARSET_DEFAULT, _CHARSET_EACH, _NAMES, _SET_LABELS, _ENUM_LABELS = 1, 2, 3, 4, 5, 6
_KEY, _KEY_WITH_PREFIX, _LABEL_CHARSET_DEFAULT, _LABEL_CHARSET_EACH = 8, 9, 10, 11


class OptionalMetadata:
    """The blocks in `body` from `at` on.

    Methods that take `columns` want the positions of the columns that a block counts, in order.
    """

    def __init__(self, body: bytes, at: int) -> None:
        self._blocks: dict[int, bytes] = {}
        while at < len(body):
            kind = body[at]
            size, at = length_encoded(body, at + 1)
            self._blocks[kind] = body[at : at + size]
            at += size

    def names(self) -> list[str]:
        """The names of all columns; empty where the server leaves them out."""
        block = self._blocks.get(_NAMES, b"")
        strings, at = [], 0
        while at < len(block):
            size, at = length_encoded(block, at)
            strings.append(block[at : at + size].decode())
            at += size
        return strings

    def key(self) -> list[int]:
        """The columns of the primary key, in key order."""
        if _KEY in self._blocks:
            return _integers(self._blocks[_KEY])
        return _integers(self._blocks.get(_KEY_WITH_PREFIX, b""))[::2]

    def unsigned(self, columns: Sequence[int]) -> set[int]:
        """The unsigned ones among the numeric `columns`."""
        block = self._blocks.get(_SIGNEDNESS, b"")
        return {
            column
            for i, column in enumerate(columns)
            # the most significant bit comes first
            if i >> 3 < len(block) and block[i >> 3] & 0x80 >> (i & 7)
        }

    def collations(self, columns: Sequence[int]) -> dict[int, int]:
        """Column → collation, of the columns with a character set."""
        return self._collations(columns, _CHARSET_DEFAULT, _CHARSET_EACH)

    def label_collations(self, columns: Sequence[int]) -> dict[int, int]:
        """Column → collation of its labels, of ENUM and SET columns."""
        return self._collations(columns, _LABEL_CHARSET_DEFAULT, _LABEL_CHARSET_EACH)

    def enum_labels(self) -> list[list[bytes]]:
        """The labels of each ENUM column."""
        return _label_lists(self._blocks.get(_ENUM_LABELS, b""))

    def set_labels(self) -> list[list[bytes]]:
        """The labels of each SET column."""
        return _label_lists(self._blocks.get(_SET_LABELS, b""))

    def _collations(self, columns: Sequence[int], default: int, each: int) -> dict[int, int]:
        """The collations of columns: a default with exceptions, or one for each column."""
        if default in self._blocks:
            first, *pairs = _integers(self._blocks[default])
            exceptions = dict(zip(pairs[::2], pairs[1::2], strict=True))
            return {column: exceptions.get(i, first) for i, column in enumerate(columns)}
        found = _integers(self._blocks.get(each, b""))
        return dict(zip(columns, found, strict=each in self._blocks))


def _label_lists(block: bytes) -> list[list[bytes]]:
    lists, at = [], 0
    while at < len(block):
        count, at = length_encoded(block, at)
        labels = []
        for _ in range(count):
            size, at = length_encoded(block, at)
            labels.append(block[at : at + size])
            at += size
        lists.append(labels)
    return lists


def _integers(block: bytes) -> list[int]:
    integers, at = [], 0
    while at < len(block):
        value, at = length_encoded(block, at)
        integers.append(value)
    return integers
