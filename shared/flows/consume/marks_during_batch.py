"""Marks during a batch: move while it is applied, so that a kill repeats little of it.

Only where each change is a call of its own. A sink that keeps state takes the same change again
under its version. And the newest number of a row with parked changes must be stored before the
mark passes it, which happens at the end of a batch.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

from shared.flows.consume.batch import Opened, by_group
from shared.flows.consume.marks_after_batch import MarksAfterBatch
from shared.values.errors import RowlineError
from shared.values.mark import Mark

SECONDS = 1.0
"""A batch that takes no longer writes its marks once. A longer one writes them this often."""


class MarksDuringBatch:
    """Moves the marks of one batch while it runs. time_left: seconds until the function is stopped.

    marks: group → its mark as this batch has read or moved it.
    """

    def __init__(
        self,
        marks_after: MarksAfterBatch,
        opened: Sequence[Opened],
        marks: dict[str, Mark],
        time_left: Callable[[], float],
    ) -> None:
        self._marks_after, self._groups, self._marks = marks_after, by_group(opened), marks
        self._time_left, self._noted = time_left, time_left()

    def note(self) -> None:
        """Move the marks over what the sink has taken, unless that was done a moment ago.

        What cannot be recorded is applied again after a kill, as without it.
        """
        left = self._time_left()
        if self._noted - left < SECONDS:
            return
        self._noted = left
        taken = {
            group: some
            for group, members in self._groups.items()
            if group in self._marks and (some := _taken(members, self._marks[group].seq))
        }
        if not taken:
            return
        with suppress(RowlineError):
            late = self._marks_after.advance(self._marks, taken)
            for group in taken.keys() - set(late):
                count = self._marks[group].count + len(taken[group])
                self._marks[group] = Mark(taken[group][-1], count)


def _taken(members: Sequence[Opened], floor: int) -> list[int]:
    """The numbers above the floor up to the first change that is not settled.

    A refused change is not settled yet: it is parked at the end of the batch.
    """
    seqs: list[int] = []
    for one in members:
        for piece in one.pieces:
            outcome = piece.outcome
            if outcome is None or outcome.kind == "failed":
                return seqs
            if outcome.kind == "refused" and not piece.parked:
                return seqs
            if one.lane == "live" and piece.change is not None and piece.change.seq > floor:
                seqs.append(piece.change.seq)
    return seqs
