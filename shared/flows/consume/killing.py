"""Killing: finds the one change that kills the function, and parks it.

A killed function says nothing. So an invocation that gets messages again records that it has begun
their group, and that it has ended it. Where the end is missing, the changes of that group alone are
applied one by one.
"""

from collections.abc import Callable, Sequence

from shared.adapters.state.groups_in_hand import GroupsInHand
from shared.domain.sink import Outcome
from shared.flows.consume.applying import Applying
from shared.flows.consume.batch import Opened, Piece, by_group
from shared.flows.consume.batch_rows import BatchRows
from shared.flows.consume.every_change import EveryChange
from shared.flows.consume.marking import Marking
from shared.flows.consume.parking import Parking
from shared.flows.consume.probe_batch import refused_have_failed
from shared.values.batch_start import BatchStart
from shared.values.group_in_hand import GroupInHand

KILLS = 3
"""A change that was begun alone so often, and never ended, is parked."""

FULL = 0.8
"""A change is begun alone only with this share of the function's time: it must not be blamed for
what others have used up.
"""


class Killing:
    """The groups of one batch that were begun before. version: of the function's code."""

    def __init__(
        self,
        consumer: str,
        hands: GroupsInHand,
        applying: Applying | EveryChange,
        parking: Parking,
        marking: Marking,
        version: str,
    ) -> None:
        self._consumer, self._hands, self._applying = consumer, hands, applying
        self._parking, self._marking, self._version = parking, marking, version
        self._begun: list[str] = []

    def begin(
        self,
        opened: Sequence[Opened],
        start: BatchStart,
        time_left: Callable[[], float],
        rows: BatchRows,
        *,
        may_park: bool = True,
    ) -> None:
        """Settle the suspicious groups of a batch one by one; note that the others have begun.

        Groups that are received for the first time cost nothing. A group that has killed more
        comes later, so that it does not hold up one that only was in the same batch. Without
        `may_park` only a change that kills is parked.
        """
        self._begun = []
        groups = {
            group: members
            for group, members in by_group(opened).items()
            if any(one.delivery.attempt > 1 for one in members)
        }
        if not groups:
            return
        held = self._hands.read(self._consumer, list(groups))
        full = time_left() * FULL
        for group, before in sorted(held.items(), key=lambda each: (each[1].tries, each[0])):
            if self._one_by_one(groups[group], before, start, time_left, full, rows, may_park):
                self._begun.append(group)
        if fresh := groups.keys() - held.keys():
            started = GroupInHand(version=self._version)
            self._hands.begin(self._consumer, dict.fromkeys(sorted(fresh), started))
            self._begun += fresh

    def end(self) -> None:
        """The batch has ended without a kill."""
        if self._begun:
            self._hands.end(self._consumer, self._begun)
            self._begun = []

    def _one_by_one(
        self,
        members: Sequence[Opened],
        before: GroupInHand,
        start: BatchStart,
        time_left: Callable[[], float],
        full: float,
        rows: BatchRows,
        may_park: bool,
    ) -> bool:
        """Apply and settle each change alone; returns whether the suspicion is over."""
        group = members[0].delivery.group
        waiting = [(one, piece) for one in members for piece in one.pieces]
        for at, (one, piece) in enumerate(waiting):
            if piece.change is None or piece.outcome is not None:
                continue
            if time_left() < full:
                _wait(waiting[at:])
                return False
            id, same = piece.change.id, (before.change, before.version)
            tries = before.tries if same == (piece.change.id, self._version) else 0
            alone = Opened(one.delivery, one.message, one.lane, [piece])
            if tries >= KILLS:
                reason = f"Killed: the function ended {tries} times while it applied this change"
                piece.outcome = Outcome("refused", reason)
            else:
                before = GroupInHand(id, tries + 1, self._version)
                self._hands.begin(self._consumer, {group: before})
                self._applying.apply([alone], start.run, time_left, rows)
                if not may_park:
                    refused_have_failed({group: [alone]})
            self._parking.park({group: [alone]}, rows)
            if piece.outcome is None or piece.outcome.kind == "failed":
                _wait(waiting[at + 1 :])
                return True  # it failed by itself, without a kill
            if one.lane == "live" and group in start.marks:
                self._marking.advance(start.marks, {group: [piece.change.seq]})
        return True


def _wait(rest: Sequence[tuple[Opened, Piece]]) -> None:
    for _, piece in rest:
        piece.outcome = piece.outcome or Outcome("failed", "its group is applied one by one")
