"""Row events to rows: for each table map a decoder is generated as source text and compiled.

One function reads all rows of an event. Runs of fixed-width columns, and the length of the string
behind them, become one `struct` unpack; strings are slices of the buffer; what needs more goes
through a cache (`column_readers`). Which columns of a row are NULL, its pattern, repeats: the usual
patterns stand in that function as straight-line code, the others are read by functions of their own
once they have come a few times, and before that by a general one.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from shared.adapters.binlog.row_images import Damaged, head_size, require_all_columns
from shared.adapters.binlog.row_source import NamedReader, RowSource
from shared.values.change import Row

RowPairs = list[tuple[Row | None, Row | None]]
RowsReader = Callable[[bytes, int, int], RowPairs]
Image = Callable[[bytes, int], tuple[Row, int]]

_USUAL = 8
_MOST_INLINE = 4
_MOST_PATTERNS = 64
_MOST_COUNTED = 4096
_IMAGES = {"c": ("None", "after"), "u": ("before", "after"), "d": ("before", "None")}


def compile_rows(columns: list[NamedReader], op: str, patterns: "Patterns") -> RowsReader:
    """The function that reads row events with the operation `op` (c, u, d) of a table.

    `columns` are all of its columns, in order.
    It takes a buffer and where the rows part (column count, bitmaps of the present columns, rows)
    starts and ends. It raises ShortImage, Damaged, and ValueError, IndexError, KeyError or
    struct.error for bytes that are no value.
    """
    if not columns:
        raise Damaged("a table without columns")
    source = RowSource()
    size, head = (len(columns) + 7) // 8, head_size(len(columns), op)
    before, after = _IMAGES[op]
    source.names.update(
        PATTERN=patterns,
        HEAD=b"",
        head=_learn_head(len(columns), op, source.names),
        Damaged=Damaged,
    )
    source.add(0, "def read(b, p, end):")
    source.add(
        1,
        f"if b[p:p + {head}] != HEAD: head(b[p:p + {head}])",
        f"p += {head}",
        "rows = []",
        "while p < end:",
    )
    for image in (before, after):
        if image != "None":
            source.add(2, f"m = b[p:p + {size}]")
            branch = "if"
            for bitmap in patterns.usual:
                source.add(2, f"{branch} m == {bitmap!r}:", f"    p += {size}")
                source.add(
                    3, f"{image} = {{{source.image(columns, 3, nulls_of(bitmap, len(columns)))}}}"
                )
                branch = "elif"
            source.add(
                2, "else:" if patterns.usual else "if True:", f"    {image}, p = PATTERN[m](b, p)"
            )
    source.add(2, f"rows.append(({before}, {after}))")
    source.add(1, "if p != end: raise Damaged('rows')", "return rows")
    function: RowsReader = source.function("read")
    return function


class Patterns(dict[bytes, Image]):
    """Bitmap of a row's NULLs → the function that reads such a row (bitmap included).

    `usual` are the first few that came often; `learned` is called when there is another.
    """

    def __init__(
        self, columns: list[NamedReader], learned: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__()
        self.usual: list[bytes] = []
        self._columns, self._learned = columns, learned
        self._seen: Counter[bytes] = Counter()
        self._general: Image | None = None

    def __missing__(self, bitmap: bytes) -> Image:
        self._seen[bitmap] += 1
        if self._seen[bitmap] >= _USUAL and len(self) < _MOST_PATTERNS:
            self[bitmap] = function = self._special(nulls_of(bitmap, len(self._columns)))
            if len(self.usual) < _MOST_INLINE:
                self.usual.append(bitmap)
                self._learned()
            return function
        if len(self._seen) > _MOST_COUNTED:
            self._seen.clear()
        if self._general is None:
            self._general = self._make_general()
        return self._general

    def _special(self, nulls: frozenset[int]) -> Image:
        source = RowSource()
        source.add(0, "def read(b, p):")
        source.add(1, f"p += {(len(self._columns) + 7) // 8}")
        row = source.image(self._columns, 1, nulls)
        source.add(1, f"return {{{row}}}, p")
        function: Image = source.function("read")
        return function

    def _make_general(self) -> Image:
        size = (len(self._columns) + 7) // 8
        source = RowSource()
        source.add(0, "def read(b, p):")
        source.add(
            1, f"nulls = int.from_bytes(b[p:p + {size}], 'little')", f"p += {size}", "row = {}"
        )
        for i, (name, reader) in enumerate(self._columns):
            source.add(1, f"if not nulls & {1 << i}:")
            row = source.image([(name, reader)], 2)
            source.add(2, "pass" if name is None else f"row.update({{{row}}})")
            if name is not None:
                source.add(1, "else:", f"    row[{name!r}] = None")
        source.add(1, "return row, p")
        function: Image = source.function("read")
        return function


def nulls_of(bitmap: bytes, count: int) -> frozenset[int]:
    """The columns that are NULL. Bits behind the last column are zeros on one server and ones on
    another.
    """
    bits = int.from_bytes(bitmap, "little")
    return frozenset(i for i in range(count) if bits >> i & 1)


def _learn_head(count: int, op: str, names: dict[str, Any]) -> Callable[[bytes], None]:
    """What looks at the head of an event that is not the usual one; a good one becomes the usual
    one.
    """

    def look(head: bytes) -> None:
        require_all_columns(head, count, op)
        names["HEAD"] = head

    return look
