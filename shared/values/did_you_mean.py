"""Suggestions for a misspelt name."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """`Did you mean title? ` if an existing name is close to `name`, otherwise an empty text."""
    lower = {each.lower(): each for each in names}
    near = get_close_matches(name.lower(), list(lower), 1)
    return f"Did you mean {lower[near[0]]}? " if near else ""
