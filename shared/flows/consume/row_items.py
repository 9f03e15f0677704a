"""Row items: the rows of a batch with parked changes, and how new the sink's state of each is."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from shared.adapters.state.parked import Parked
from shared.flows.consume.batch import Opened, Piece
from shared.values.change import Change
from shared.values.parked_change import RowId, RowItem
from shared.values.row_key import WHOLE_GROUP, row_of

_TAKEN = ("applied", "superseded")


class RowItems:
    """The row items of one consumer that a batch touches; most batches touch none.

    closes: a refused change closes its row. parks: it may be parked, unless too many are.
    """

    def __init__(
        self,
        consumer: str,
        parked: Parked,
        flagged: frozenset[str],
        *,
        closes: bool = False,
        parks: bool = True,
    ) -> None:
        self.closes, self.parks = closes, parks
        self._consumer, self._parked = consumer, parked
        self._flagged = set(flagged)
        self._stored: dict[RowId, RowItem] = {}
        self._whole: set[str] = set()
        self._now: dict[RowId, RowItem] = {}
        self._begun: set[RowId] = set()
        self._held: set[RowId] = set()

    def read(self, opened: Iterable[Opened]) -> None:
        """Read the items of the rows that these deliveries change. Without any flag, nothing.

        Where rows close, every row of a flagged group matters.
        """
        wanted = set()
        for one in opened:
            group = one.delivery.group
            if group not in self._flagged:
                continue
            if self.closes:
                self.read_group(group)
                self._prove(group)
                continue
            for piece in one.pieces:
                if piece.change is None:
                    continue
                if piece.change.op == "t":
                    self.read_group(group)
                else:
                    wanted.add((group, row_of(piece.change.key)))
        if missing := wanted - self._stored.keys():
            self._take(self._parked.rows(self._consumer, missing).values())

    def read_group(self, group: str) -> None:
        """Read the items of all rows of a group."""
        if group not in self._whole:
            self._whole.add(group)
            self._take(self._parked.rows_of(self._consumer, group))

    def _prove(self, group: str) -> None:
        """Open the rows that were closed for a change that was not parked then.

        That change comes again, and must be tried: as one that joins, it would have no reason.
        """
        unsure = [id for id, row in self._now.items() if id[0] == group and _is_unsure(row)]
        if not unsure:
            return
        held = {change.row for change in self._parked.of_group(self._consumer, group)}
        for id in unsure:
            row, holds = self._now[id], id[1] in held
            mode = row.mode if holds else "open"
            self._now[id] = msgspec.structs.replace(row, mode=mode, holds=holds)

    def of(self, group: str, change: Change) -> RowItem | None:
        """The item of the row that a change is of."""
        return self._now.get(row_id(group, change)) if self._now else None

    def is_closed(self, group: str, row: str) -> bool:
        """Whether a row is closed or held, by its name."""
        known = self._now.get((group, row))
        return (group, row) in self._held or (known is not None and known.mode == "closed")

    def any_is_closed(self, group: str) -> bool:
        """Whether a row of this group is closed or held."""
        held = any(id[0] == group for id in self._held)
        return held or any(row.mode == "closed" for id, row in self._now.items() if id[0] == group)

    def hold(self, group: str, change: Change) -> None:
        """A change of a row was refused: what follows it in this batch must wait.

        Nothing of that is stored: it is not known yet whether the change will be parked.
        """
        self._held.add(row_id(group, change))

    def newest(self, group: str, change: Change) -> int:
        """The highest seq of the change's row that the sink has taken; 0 where nobody knows."""
        held = self.of(group, change)
        return held.newest if held else 0

    def begin(self, group: str, change: Change, mode: Literal["open", "closed"]) -> None:
        """Give the row an item, because a change of it is about to be parked.

        The flag of its group is stored again too: the watch may be about to remove it.
        """
        id = row_id(group, change)
        held = self._now.get(id)
        if held is None:
            held = RowItem(*id)
        if mode == "closed" and held.mode != "closed":
            held = msgspec.structs.replace(held, mode="closed")
        self._now[id] = held
        self._begun.add(id)
        self._stored.pop(id, None)
        self._flagged.discard(group)

    def take_outcomes(self, groups: Mapping[str, Sequence[Opened]]) -> None:
        """Raise `newest` of each row by what the sink has taken in this batch."""
        if not self._now:
            return
        for group, opened in groups.items():
            for one in opened:
                for piece in one.pieces:
                    self.raise_newest(group, piece)

    def raise_newest(self, group: str, piece: Piece) -> None:
        """Raise `newest` for one piece."""
        change, outcome = piece.change, piece.outcome
        if change is None or outcome is None or outcome.kind not in _TAKEN:
            return
        if change.op == "t" and not change.key:
            touched = [id for id in self._now if id[0] == group]
        else:
            touched = [row_id(group, change)]
        for id in touched:
            held = self._now.get(id)
            if held is not None and held.newest < change.seq:
                self._now[id] = msgspec.structs.replace(held, newest=change.seq)

    def save(self) -> None:
        """Store what has changed, and every row that gets a parked change; flags come first."""
        self._save([row for id, row in self._now.items() if self._stored.get(id) != row])

    def save_begun(self, parked: Iterable[RowId]) -> None:
        """Store the rows that have got a parked change again. parked: those where that succeeded.

        While it was parked, another holder of the group may have removed a row that had none.
        """
        self._flagged -= {group for group, _ in self._begun}
        for id in parked:
            self._now[id] = msgspec.structs.replace(self._now[id], holds=True)
        self._save([self._now[id] for id in self._begun])

    def _save(self, changed: list[RowItem]) -> None:
        begun = [row for row in changed if row.id in self._begun]
        if unflagged := {row.group for row in begun} - self._flagged:
            self._parked.flag(self._consumer, unflagged)
            self._flagged |= unflagged
        if begun:
            self._parked.put_rows(self._consumer, begun)
        if others := [row for row in changed if row.id not in self._begun]:
            self._parked.update_rows(self._consumer, others)
        self._stored |= {row.id: row for row in changed}

    def _take(self, rows: Iterable[RowItem]) -> None:
        for row in rows:
            self._stored.setdefault(row.id, row)
            self._now.setdefault(row.id, row)


def _is_unsure(row: RowItem) -> bool:
    return row.mode == "closed" and not row.holds


def row_id(group: str, change: Change) -> RowId:
    """The name of a change's row in its group."""
    return group, WHOLE_GROUP if change.op == "t" else row_of(change.key)
