"""Scan filter: reads a filter in Iceberg's syntax, whose texts may hold any character.

PyIceberg's parser refuses a line break in a text and a backslash at its end, and it makes a tab
blanks. So it is given a number in the place of each text, and the texts are put in afterwards.
"""

import re
from typing import Any

from pyiceberg.expressions import (
    AlwaysTrue,
    And,
    BooleanExpression,
    LiteralPredicate,
    Not,
    Or,
    SetPredicate,
)
from pyiceberg.expressions.parser import parse

_TEXT = re.compile(r"""("(?:[^"\\]|\\.)*")|'((?:[^']|'')*)'""", re.DOTALL)
"""The name of a column in double quotes, or a text in single ones."""


def scan_filter(text: str) -> BooleanExpression:
    """The filter; every row where the text is empty."""
    if not text:
        return AlwaysTrue()
    texts = list[str]()

    def numbered(found: re.Match[str]) -> str:
        if found[1]:
            return found[1]
        texts.append(found[2].replace("''", "'"))
        return f"'{len(texts) - 1}'"

    return _with_texts(parse(_TEXT.sub(numbered, text)), texts)


def _with_texts(filter: BooleanExpression, texts: list[str]) -> BooleanExpression:
    """The filter with the texts in the places of their numbers."""

    def put(value: Any) -> Any:
        return texts[int(value)] if isinstance(value, str) else value

    match filter:
        case And():
            return And(_with_texts(filter.left, texts), _with_texts(filter.right, texts))
        case Or():
            return Or(_with_texts(filter.left, texts), _with_texts(filter.right, texts))
        case Not():
            return Not(_with_texts(filter.child, texts))
        case LiteralPredicate():
            return type(filter)(filter.term, put(filter.literal.value))
        case SetPredicate():
            return type(filter)(filter.term, {put(each.value) for each in filter.literals})
        case _:
            return filter
