"""Closed rows: later changes of a row wait behind its parked one (`ordering: every-change`).

Each change of a row reaches the sink, in commit order and without a gap. A refused change closes
its row. Later changes of the row join it, and so does a truncation while a row of its group is
closed; that one closes the whole group. They are parked in order, until a redrive has applied them.
"""

from collections import deque
from collections.abc import Callable, Sequence

from shared.domain.sink import Outcome
from shared.flows.consume.applying import APPLY_RESERVE_SECONDS, Applying, Tried
from shared.flows.consume.batch import Opened, Piece
from shared.flows.consume.row_items import RowItems, row_id
from shared.values.change import Change
from shared.values.row_key import WHOLE_GROUP

JOINED = "joined: waits for an earlier change of its row"


class ClosedRows:
    """Gives a sink one change of each group at a time: what follows depends on its outcome."""

    def __init__(self, applying: Applying) -> None:
        self._applying = applying

    def apply(
        self,
        opened: Sequence[Opened],
        run: str,
        time_left: Callable[[], float],
        rows: RowItems,
        applied: Callable[[], None] = lambda: None,
    ) -> Tried:
        """As `Applying.apply`; what comes after a failure in its group is not tried.

        applied: is called each time that the sink has answered.

        Where nothing may be parked, a refusal is such a failure too: what the sink took behind it
        could not be settled, and would reach it again.
        """
        reserve = min(APPLY_RESERVE_SECONDS, time_left() / 2)
        groups: dict[str, deque[tuple[Opened, Piece]]] = {}
        for one in opened:
            queue = groups.setdefault(one.delivery.group, deque())
            queue.extend((one, piece) for piece in one.pieces)
        total = Tried()
        while groups and time_left() > reserve:
            wave = {
                group: chosen
                for group, queue in groups.items()
                if (chosen := _next(group, queue, rows))
            }
            if not wave:
                return total
            alone = [_alone(one, piece) for one, piece in wave.values()]
            tried = self._applying.apply(alone, run, time_left, rows)
            total = total.plus(tried)
            for group, (_, piece) in wave.items():
                if piece.outcome is None or piece.outcome.kind == "failed":
                    del groups[group]
                elif piece.outcome.kind == "refused" and piece.change is not None:
                    rows.hold(group, piece.change)
                    if not rows.parks:
                        del groups[group]
            applied()
        return total


def waits_for_parked(group: str, change: Change, rows: RowItems) -> bool:
    """Whether a change must wait for others that are parked."""
    if rows.is_closed(group, WHOLE_GROUP):
        return True
    if change.op == "t":
        return rows.any_is_closed(group)
    return rows.is_closed(*row_id(group, change))


def _next(
    group: str, queue: deque[tuple[Opened, Piece]], rows: RowItems
) -> tuple[Opened, Piece] | None:
    """The next change of a group that the sink is asked about; those that join are noted."""
    while queue:
        one, piece = queue.popleft()
        if piece.outcome is not None and piece.outcome.kind == "failed":
            queue.clear()
        elif piece.outcome is not None or piece.change is None:
            continue  # superseded, or no message
        elif waits_for_parked(group, piece.change, rows):
            piece.outcome, piece.joined = Outcome("refused", JOINED), True
            rows.hold(group, piece.change)
        else:
            return one, piece
    return None


def _alone(one: Opened, piece: Piece) -> Opened:
    return Opened(one.delivery, one.message, one.lane, [piece])
