"""Moved columns: columns that two versions of a table have in another order."""

from bisect import bisect_left
from collections.abc import Sequence


def moved_columns(former: Sequence[str], later: Sequence[str]) -> set[str]:
    """The columns of both versions that may have moved among the others.

    The fewest moves that explain the new order; where several explain it, the columns of each.
    """
    places = {name: place for place, name in enumerate(later)}
    common = [name for name in former if name in places]
    order = [places[name] for name in common]
    if order == sorted(order):
        return set()
    before, after = _longest(order), _longest([-each for each in reversed(order)])[::-1]
    length = max(before)
    # A column stays if each longest series that keeps its order goes through it.
    ranks = [rank for rank, rest in zip(before, after, strict=True) if rank + rest == length + 1]
    return {
        name
        for name, rank, rest in zip(common, before, after, strict=True)
        if rank + rest != length + 1 or ranks.count(rank) > 1
    }


def _longest(order: Sequence[int]) -> list[int]:
    """For each place, how long the longest rising series that ends there is."""
    ends = list[int]()
    found = list[int]()
    for each in order:
        rank = bisect_left(ends, each)
        ends[rank : rank + 1] = [each]
        found.append(rank + 1)
    return found
