"""Plain answer: the JSON values with which a function answers a request."""

from typing import Any

import msgspec

PlainAnswer = dict[str, Any]
"""Of a request, too: `{"do": NAME, …}`."""


def plain_answer(value: Any) -> PlainAnswer:
    """The fields of a struct, down to plain values."""
    plain: PlainAnswer = msgspec.to_builtins(value)
    return plain
