"""Source text of functions that read rows."""

from struct import Struct, calcsize
from typing import Any

from shared.adapters.binlog.column_readers import GLOBALS, ColumnReader

NamedReader = tuple[str | None, ColumnReader]
"""A column's name and reader; a name of None is read over."""
_LENGTHS = {1: ("B", "l{i}"), 2: ("H", "l{i}"), 3: ("HB", "l{i} + (h{i} << 16)"), 4: ("I", "l{i}")}


class RowSource:
    """Source text of one function, and the objects that it names."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self.names: dict[str, Any] = dict(GLOBALS)

    def add(self, indent: int, *lines: str) -> None:
        self._lines.extend("    " * indent + line for line in lines)

    def constant(self, value: Any) -> str:
        """A name for an object."""
        name = f"k{len(self.names)}"
        self.names[name] = value
        return name

    def expression(self, reader: ColumnReader, *values: str) -> str:
        text = reader.expression.replace("{t}", f"t{len(self.names)}")
        for letter, value in zip("abcd", reader.objects, strict=False):
            text = text.replace(f"{{{letter}}}", self.constant(value))
        for n, value in enumerate(values):
            text = text.replace(f"{{{n}}}", value)
        return text

    def image(
        self, columns: list[NamedReader], indent: int, nulls: frozenset[int] = frozenset()
    ) -> str:
        """Add the reading of one row image at `p`; returns the entries of its dict."""
        entries: list[str] = []
        format_, variables = "", list[str]()

        def flush() -> None:
            nonlocal format_
            if format_ == "B":
                self.add(indent, f"{variables[0]} = b[p]")
            elif variables:
                self.add(
                    indent,
                    f"{', '.join(variables)}, = "
                    f"{self.constant(Struct('<' + format_).unpack_from)}(b, p)",
                )
            self.advance = calcsize("<" + format_)
            format_ = ""
            variables.clear()

        for i, (name, reader) in enumerate(columns):
            if i in nulls:
                value = "None"
            elif not reader.prefix:
                if name is None:
                    format_ += f"{calcsize('<' + reader.format)}x"
                    continue
                format_ += reader.format
                own = [f"v{i}_{n}" for n in range(reader.parts)]
                variables += own
                value = self.expression(reader, *own)
            else:
                code, length = _LENGTHS[reader.prefix]
                format_ += code
                variables += [f"l{i}", f"h{i}"][: len(code)]
                flush()
                self.add(indent, f"q = p + {self.advance}", f"p = q + {length.format(i=i)}")
                if name is None:
                    continue
                self.add(indent, f"v{i} = {self.expression(reader, 'b[q:p]')}")
                value = f"v{i}"
            if name is not None:
                entries.append(f"{name!r}: {value}")
        if format_:
            flush()
            self.add(indent, f"p += {self.advance}")
        return ", ".join(entries)

    def function(self, name: str) -> Any:
        exec(compile("\n".join(self._lines), "<row decoder>", "exec"), self.names)  # noqa: S102 - the text is made here; names stand in it as literals
        return self.names[name]
