"""The head of a row event: which columns the images of its rows hold."""

from collections.abc import Sequence


class ShortImage(Exception):
    """A row image leaves columns out: binlog_row_image is not FULL.

    `missing` names those that are wanted, as far as they are known.
    """

    def __init__(self, missing: Sequence[str] = ()) -> None:
        super().__init__()
        self.missing = missing


class Damaged(ValueError):
    """A row event does not fit its table map."""


def require_all_columns(head: bytes, count: int, op: str) -> None:
    """Raise Damaged or ShortImage unless the head of a row event says that all columns are there.

    The head is the column count and a bitmap of the present columns for each image.
    """
    size, mask = (count + 7) // 8, (1 << count) - 1
    bitmaps = [head[-size:], head[-2 * size : -size]] if op == "u" else [head[-size:]]
    if head[: -size * len(bitmaps)] != _lenenc(count):
        raise Damaged("column count")
    if any(int.from_bytes(bitmap, "little") & mask != mask for bitmap in bitmaps):
        raise ShortImage


def _lenenc(value: int) -> bytes:
    return bytes([value]) if value < 251 else b"\xfc" + value.to_bytes(2, "little")


def head_size(columns: int, op: str) -> int:
    """Bytes in front of the rows of an event.

    The number of columns, and a bitmap of the present ones for each image.
    """
    return len(_lenenc(columns)) + (columns + 7) // 8 * (2 if op == "u" else 1)


def full_head(columns: int, op: str) -> bytes:
    """The head of an event in which all columns are present."""
    return _lenenc(columns) + b"\xff" * ((columns + 7) // 8 * (2 if op == "u" else 1))
