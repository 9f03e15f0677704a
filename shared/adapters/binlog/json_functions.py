"""Functions made for JSON containers of one shape: the same keys and types come again and again."""

from typing import Any

from shared.adapters.binlog.json_format import (
    LARGE,
    LITERALS,
    NUMBERS,
    SMALL,
    STRING,
    Format,
    ObjectLayout,
)

MOST_VALUES = 32
_USUAL, _MOST_SEEN, _MOST_MADE = 16, 1 << 12, 256


def make_if_usual(
    kinds: tuple[int, ...], format_: Format, shape: ObjectLayout | None, general: dict[str, Any]
) -> None:
    """Make a function for containers of these types (and keys) when they have come a few times.

    `general` holds the functions that read any `string`, `value`, `object` and `array`.
    """
    names = shape.names if shape else None
    format_.seen[names, kinds] += 1
    if format_.seen[names, kinds] < _USUAL:
        if len(format_.seen) > _MOST_SEEN:
            format_.seen.clear()
        return
    first = 3 if shape else 2  # behind count, size and the key entries
    expressions = [_expression(kind, first + 2 * i + 1, format_) for i, kind in enumerate(kinds)]
    if names is None:
        text = f"[{', '.join(expressions)}]"
    else:
        text = (
            "{"
            + ", ".join(
                f"{name!r}: {expression}"
                for name, expression in zip(names, expressions, strict=True)
            )
            + "}"
        )
    own: dict[str, Any] = {f"n{kind}": reader for kind, reader in NUMBERS.items()}
    own |= {"LITERALS": LITERALS, "SMALL": SMALL, "LARGE": LARGE, **general}
    made = shape.made if shape else format_.made
    if len(made) >= _MOST_MADE:
        made.clear()
    made[kinds] = eval(f"lambda b, at, e: {text}", own)  # noqa: S307 - the text is made here; names stand in it as literals


def _expression(kind: int, i: int, format_: Format) -> str:
    """Source text of a value whose entry holds `e[i]`."""
    if kind == STRING:
        return (
            f"b[o + 1:o + 1 + n].decode() if (n := b[(o := at + e[{i}])]) < 128 and o + n < "
            "len(b) else string(b, o)"
        )
    if kind < 4:
        # an offset into the container's own head would never end
        container, own = "array" if kind >= 2 else "object", "LARGE" if kind & 1 else "SMALL"
        return f"{container}(b, at + e[{i}], {own}) if e[{i}] > 3 else string(b, len(b))"
    if kind not in format_.inline:
        return (
            f"n{kind}(b, at + e[{i}])[0]"
            if kind in NUMBERS
            else f"value(b, {kind}, at + e[{i}]) if e[{i}] > 3 else string(b, len(b))"
        )
    if kind == 4:
        return f"LITERALS[e[{i}] & 255]"
    bits = 16 if kind < 7 else 32
    if kind in (5, 7):
        return f"((e[{i}] & {(1 << bits) - 1}) ^ {1 << bits - 1}) - {1 << bits - 1}"
    return f"e[{i}] & {(1 << bits) - 1}"
