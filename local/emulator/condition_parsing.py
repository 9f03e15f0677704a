"""Gap: a query of DynamoDB parses its condition again for each item of the partition.

A page of a partition of 30,000 items took longer than a client waits, and the emulator answered
nobody else meanwhile. Shown by test_emulator_internals.py::test_a_condition_is_parsed_once.
"""

import re
from functools import lru_cache
from typing import Any

from ministack.services import dynamodb

from local.emulator.patch import Function, around

_EXPRESSIONS = 4096
"""Kept ones: a condition with many values has a text of its own for each number of them."""

dynamodb._condition_syntax_error = lru_cache(_EXPRESSIONS)(dynamodb._condition_syntax_error)
_tokens = lru_cache(_EXPRESSIONS)(lambda expression, stock: tuple(stock(expression)))


@around(dynamodb, "_tokenize")
def tokenize(original: Function, expression: str) -> list[Any]:
    """The tokens of an expression, as a list of the caller's own."""
    return list(_tokens(expression, original))


@lru_cache(_EXPRESSIONS)
def _prefix(expression: str) -> tuple[str, ...]:
    """The names in a condition on a whole key and the beginning of a sort key."""
    found = re.fullmatch(r"(\w+) = (:\w+) AND begins_with\((\w+), (:\w+)\)", expression)
    return found.groups() if found else ()


@around(dynamodb, "_evaluate_condition")
def evaluate(
    original: Function, expression: str, item: Any, values: Any, *names: Any, **slot: Any
) -> bool:
    """Whether an item is in a partition and has a prefix; other conditions as before."""
    if slot.get("slot") == "KeyConditionExpression" and (parts := _prefix(expression)):
        pk, whole, sk, prefix = parts
        begin, text = (each.get("S") for each in (values.get(prefix, {}), item.get(sk, {})))
        if begin and text and item.get(pk) == values.get(whole):
            return bool(text.startswith(begin))
    return bool(original(expression, item, values, *names, **slot))
