"""Witness: a change that shows that the sink works while another change is blamed for kills.

Where every change kills, because the sink hangs, none of them is the cause. So before the last try
of a change, another one of the batch must be taken.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import blake2b

from shared.flows.consume.batch import Opened, Piece
from shared.flows.consume.row_items import row_id
from shared.values.group_in_hand import GroupInHand

WITNESSES = 3
"""So many others are asked about one change. If all of them kill too, the sink is the cause."""

WitnessFound = tuple[str, Opened, Piece]


def name_of(piece: Piece) -> str:
    """A name of a change, without its key: records are kept for days."""
    return hashed(piece.change.id) if piece.change else ""


def hashed(id: str) -> str:
    """A short hash of the id of a change."""
    return blake2b(id.encode(), digest_size=6).hexdigest()


def witness_of(
    group: str,
    piece: Piece,
    groups: Mapping[str, Sequence[Opened]],
    held: Mapping[str, GroupInHand],
    without: Collection[str],
) -> WitnessFound | None:
    """A change that may be applied before this piece, with its group; None: the batch has none.

    First those of groups that have never killed, then later ones of other rows of the same group,
    then those of groups that were in a batch with a kill.
    without: names of changes that were asked already.
    """
    clean = [name for name in groups if name != group and name not in held]
    near = [name for name, one in held.items() if name != group and name in groups]
    heads = {name: next(_free(name, groups[name]), None) for name in [*clean, *near]}
    found = [heads[name] for name in clean]
    found += list(_behind(group, piece, groups[group]))
    found += [heads[name] for name in near if not held[name].tries]
    return next((one for one in found if one and name_of(one[2]) not in without), None)


def _free(group: str, members: Sequence[Opened]) -> Iterator[WitnessFound]:
    for one in members:
        for piece in one.pieces:
            if piece.change is not None and piece.outcome is None:
                yield group, one, piece


def _behind(group: str, accused: Piece, members: Sequence[Opened]) -> Iterator[WitnessFound]:
    """The first change of each other row; a truncation is of all rows."""
    rows = set()
    for found in _free(group, members):
        change = found[2].change
        if change is None or change.op == "t":
            return
        row = row_id(group, change)
        if found[2] is not accused and row not in rows:
            yield found
        rows.add(row)
