"""The order in which archived changes are read, and the bounds between parts of them."""

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from shared.values.unix_micros import time_of

if TYPE_CHECKING:
    import pyarrow as pa

PART_CHANGES = 20_000
"""About this many changes are read for one part."""

MOST_PARTS = 1_000
MOST_BOUNDS = 100_000
"""Characters of the places between parts: a job keeps them in its item of state."""

SortPlace = tuple[Any, ...]
"""What orders changes: (key, ""), or (epoch, n). Where the newest change of a row counts, a
truncation is one of each group and comes first: ("", group).
"""

_NO_KEY = "{}"
_SAMPLE = 20_000


class Sample:
    """A uniform sample of the places that were seen."""

    def __init__(self) -> None:
        self._places: list[SortPlace] = []
        self._seen = 0
        self._dice = random.Random(1)  # noqa: S311 (a sample)

    def add(self, place: SortPlace) -> None:
        """One more was seen."""
        self._seen += 1
        if len(self._places) < _SAMPLE:
            self._places.append(place)
        elif (at := self._dice.randrange(self._seen)) < _SAMPLE:
            self._places[at] = place

    def add_keys(self, keys: "pa.Array") -> None:
        """Add a share of these keys to the sample; others make room for them."""
        count = len(keys)
        self._seen += count
        share = min(count, -(-count * _SAMPLE // max(self._seen, _SAMPLE)))
        keep = min(len(self._places), _SAMPLE - share)
        taken = sorted(self._dice.sample(range(count), share))
        chosen = keys.take(taken).to_pylist() if taken else []
        self._places = self._dice.sample(self._places, keep) + [(key, "") for key in chosen]

    def bounds(self, *, newest: bool) -> tuple[str, ...]:
        """Places that cut what was seen into parts of about PART_CHANGES."""
        parts = min(MOST_PARTS, -(-self._seen // PART_CHANGES))
        ordered = sorted(self._places)
        places = (ordered[len(ordered) * at // parts] for at in range(1, parts))
        texts = (text_of(each, newest=newest) for each in places)
        bounds = list(dict.fromkeys(text for text in texts if text))
        while sum(map(len, bounds)) > MOST_BOUNDS:
            bounds = bounds[1::2]
        return tuple(bounds)


def text_of(place: SortPlace, *, newest: bool) -> str:
    """A place as requests write it."""
    return str(place[0]) if newest else f"{place[0]}:{place[1]}"


def before(place: SortPlace, bound: str, newest: bool) -> bool:
    """Whether a place is before a bound."""
    if newest:
        return bool(place[0] < bound)
    return place < _numbers(bound)


def _numbers(text: str) -> tuple[int, int]:
    epoch, _, n = text.partition(":")
    return int(epoch), int(n)


def between(low: str, high: str, newest: bool) -> Iterator[str]:
    """Conditions on places from `low` to before `high`."""
    if newest:
        if low:
            yield f"key >= {quoted(low)} and key != '{_NO_KEY}'"
        if high:
            yield (
                f"key < {quoted(high)}" if low else f"(key < {quoted(high)} or key = '{_NO_KEY}')"
            )
        return
    if low:
        epoch, n = _numbers(low)
        yield f"(epoch > {epoch} or (epoch = {epoch} and n >= {n}))"
    if high:
        epoch, n = _numbers(high)
        yield f"(epoch < {epoch} or (epoch = {epoch} and n < {n}))"


def quoted(text: str) -> str:
    """A text in a filter of Iceberg."""
    return "'" + text.replace("'", "''") + "'"


def iso(at_us: int) -> str:
    """A time as filters write it."""
    return time_of(at_us).replace(tzinfo=None).isoformat()
