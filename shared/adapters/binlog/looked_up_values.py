"""Looked-up values: those that a table of values gives, and those without a shape of their own."""

from binascii import b2a_base64
from struct import unpack
from typing import Any

from shared.adapters.binlog.column_types import ColumnMap
from shared.values.float32 import shortest


class Floats(dict[bytes, float]):
    """FLOAT: 4 bytes → the shortest number that rounds to it."""

    def __missing__(self, raw: bytes) -> float:
        if len(self) >= 1 << 15:
            self.clear()
        self[raw] = value = shortest(unpack("<f", raw)[0])
        return value


class DamagedLabel(ValueError):
    """A value of ENUM or SET whose label is not valid in the character set of the `column`."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


class Sets(dict[bytes, str]):
    """SET: a bit for each label."""

    def __init__(self, column: ColumnMap) -> None:
        super().__init__()
        self._name, self._labels = column.name, column.labels

    def __missing__(self, raw: bytes) -> str:
        bits = int.from_bytes(raw, "little")
        if bits >> len(self._labels):
            raise ValueError("SET")
        if len(self) >= 1 << 15:
            self.clear()
        labels = [label for i, label in enumerate(self._labels) if bits >> i & 1]
        self[raw] = text = ",".join(_usable(label, self._name) for label in labels)
        return text


class DamagedEnums(dict[int, str]):
    """ENUM: number → label, of a column some labels of which are damaged."""

    def __init__(self, column: ColumnMap) -> None:
        super().__init__({0: ""})
        self._name, self._labels = column.name, column.labels

    def __missing__(self, number: int) -> str:
        return _usable(self._labels[number - 1], self._name)


def _usable(label: str | None, column: str) -> str:
    if label is None:
        raise DamagedLabel(column)
    return label


def enum_labels(column: ColumnMap) -> Any:
    """What gives the label of a number; 0 is the empty text of an invalid value."""
    return DamagedEnums(column) if None in column.labels else ("", *column.labels)


def base64(data: bytes) -> str:
    """Bytes as base64 text."""
    return b2a_base64(data, newline=False).decode()


def vector(data: bytes) -> list[float]:
    """A VECTOR: 32-bit floats, little-endian."""
    return [shortest(value) for value in unpack(f"<{len(data) // 4}f", data)]
