"""The layout of MySQL's binary JSON: containers in two sizes, and what is known of their shapes.

Source: MySQL sql-common/json_binary.h.
"""

from collections import Counter
from collections.abc import Callable
from struct import Struct
from typing import Any, NamedTuple

LITERALS = {0: None, 1: True, 2: False}
STRING, OPAQUE = 12, 15
NUMBERS = {
    n: Struct(code).unpack_from
    for n, code in {5: "<h", 6: "<H", 7: "<i", 8: "<I", 9: "<q", 10: "<Q", 11: "<d"}.items()
}


class ObjectLayout(NamedTuple):
    """Where the keys of an object stand and what they are."""

    start: int
    stop: int
    raw: bytes
    names: tuple[str, ...]
    made: dict[
        tuple[int, ...], Callable[..., Any]
    ]  # types of the values → a function made for them


class Format(NamedTuple):
    """Small containers count in 2 bytes, large ones in 4.

    `inline` are the types whose values are in their entry instead of behind it.
    """

    head: int
    key: int
    entry: int
    sizes: Callable[..., tuple[Any, ...]]
    entries: str
    keys: Callable[..., tuple[Any, ...]]
    inline: frozenset[int]
    counts: str
    arrays: dict[
        int, Callable[..., tuple[Any, ...]]
    ]  # number of values → what reads the head of an array: count, size, entries
    objects: dict[
        int, Callable[..., tuple[Any, ...]]
    ]  # the same of an object: count, size, all its key entries as bytes, entries of the values
    shapes: dict[bytes, ObjectLayout]  # key entries of an object → what is known of such objects
    made: dict[tuple[int, ...], Callable[..., Any]]  # types in an array → a function made for them
    seen: Counter[tuple[tuple[str, ...] | None, tuple[int, ...]]]  # how often names and types came


SMALL = Format(
    4,
    4,
    3,
    Struct("<HH").unpack_from,
    "BH",
    Struct("<HH").unpack_from,
    frozenset((4, 5, 6)),
    "HH",
    {},
    {},
    {},
    {},
    Counter(),
)
LARGE = Format(
    8,
    6,
    5,
    Struct("<II").unpack_from,
    "BI",
    Struct("<IH").unpack_from,
    frozenset((4, 5, 6, 7, 8)),
    "II",
    {},
    {},
    {},
    {},
    Counter(),
)


def variable_length(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer, 7 bits a byte, least significant first."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 28:
            raise ValueError("JSON length")
