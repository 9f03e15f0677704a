"""The name that somebody probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """`Did you mean title? ` where a name that exists is close to `name`, else nothing."""
    lower = {each.lower(): each for each in names}
    near = get_close_matches(name.lower(), list(lower), 1)
    return f"Did you mean {lower[near[0]]}? " if near else ""
