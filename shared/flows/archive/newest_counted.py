"""Newest counted: the newest change of each row, as far as counting needs it."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.flows.archive.reading_order import SortPlace
from shared.values.archive_pages import PartPlan


class Counted(NamedTuple):
    """A change. inside: in the chosen time. wanted: the conditions hold."""

    seq: int
    op: str
    inside: bool
    wanted: bool


class Newest:
    """The newest change of each place, unless there are more places than `most`."""

    def __init__(self, most: int) -> None:
        self._most, self._held = most, dict[SortPlace, Counted]()
        self.overflowed = False

    def add(self, place: SortPlace, change: Counted) -> None:
        """Count one more change."""
        if self.overflowed:
            return
        held = self._held.get(place)
        if held is None or change.seq > held.seq:
            self._held[place] = change
        if len(self._held) > self._most:
            self.overflowed = True
            self._held.clear()

    def counts(self, truncated: int) -> PartPlan:
        """How many are sent, and left out. truncated: number of the table's last truncation."""
        sent = later = gone = 0
        for each in self._held.values():
            if each.op != "t" and each.seq < truncated:
                gone += 1
            elif not each.inside:
                later += 1
            else:
                sent += each.wanted
        return PartPlan(changes=sent, later=later, gone=gone)


def sum_of(counts: Sequence[PartPlan], first: int, bounds: tuple[str, ...]) -> PartPlan:
    """The counts of several ranges as one."""
    return PartPlan(
        changes=sum(each.changes for each in counts),
        later=sum(each.later for each in counts),
        gone=sum(each.gone for each in counts),
        first=first,
        bounds=bounds,
    )
