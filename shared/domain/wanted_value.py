"""Wanted value: whether a column can ever have a value that a filter names."""

from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from shared.domain.row_filter import same_value
from shared.values.did_you_mean import did_you_mean
from shared.values.table import Column

_WHOLE = frozenset({"tinyint", "smallint", "mediumint", "int", "integer", "bigint", "year"})
_NUMBERS = _WHOLE | {"decimal", "numeric", "float", "double", "real"}


class Never(NamedTuple):
    """Why no row has the value, and what to write instead."""

    what: str
    fix: str


def why_never_equal(wanted: Any, column: Column) -> Never | None:
    """Why the column never equals the value, None when it may.

    The comparison is that of `row_filter`: a number equals the same number as text.
    """
    if wanted is None:
        return None
    if column.kind in _NUMBERS:
        return _number(wanted, column)
    if column.kind == "enum":
        known = (*column.labels, "")  # it holds '' after a value that it did not know
        if "?" in "".join(column.labels):  # a server shows a character that it cannot write so
            return None
        if not column.labels or any(same_value(wanted, label) for label in known):
            return None
        near = did_you_mean(str(wanted), column.labels)
        return Never(
            f"names {wanted!r}, which is no label of the ENUM {column.name}",
            f"{near}Its labels are {', '.join(column.labels)}; letter case counts.",
        )
    if isinstance(wanted, bool):
        return Never(
            f"compares {column.name}, which holds text, with {str(wanted).lower()}",
            "Put the text in quotes.",
        )
    return None


def _number(wanted: Any, column: Column) -> Never | None:
    try:
        number = Decimal(str(int(wanted) if isinstance(wanted, bool) else wanted))
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        return Never(f"compares {column.name}, a number, with {wanted!r}", "Write a number.")
    if column.kind in _WHOLE and number != number.to_integral_value():
        return Never(
            f"compares {column.name}, a whole number, with {wanted!r}", "Write a whole number."
        )
    return None
