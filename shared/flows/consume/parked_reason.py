"""Parked reason: why a change was refused, in words that many share and that quote no value."""

import re
from collections.abc import Iterator
from typing import Any

from shared.values.change import Change

_PREVIEW = re.compile(r"(Preview of field's value: )'.*'", re.DOTALL)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NUMBER = re.compile(r"(?<![A-Za-z_])-?\d+(?:\.\d+)?")
_MOST = 300


def error_of(message: str) -> str:
    """The class of an error: its message up to the first colon."""
    return message.partition(":")[0].strip()[:100] or "refused"


def parked_reason(message: str, change: Change | None) -> str:
    """The message without numbers and without the row's values.

    A word in quotes stays, unless the row has it: it names a field or a missing key.
    """
    values = set(_values(change)) if change else set()

    def shorten(match: re.Match[str]) -> str:
        quoted = match[0]
        inner = quoted[1:-1]
        mine = inner in values or any(len(value) > 3 and value in inner for value in values)
        return f"{quoted[0]}…{quoted[0]}" if mine else quoted

    text = _PREVIEW.sub(r"\1'…'", message)
    text = _NUMBER.sub("#", _QUOTED.sub(shorten, text))
    for value in sorted((each for each in values if len(each) > 3), key=len, reverse=True):
        text = text.replace(value, "…")
    return " ".join(text.split())[:_MOST] or "refused"


def _values(change: Change) -> Iterator[str]:
    for row in (change.key, change.before or {}, change.after or {}):
        for value in row.values():
            yield from _texts(value)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int | float):
        yield str(value)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
