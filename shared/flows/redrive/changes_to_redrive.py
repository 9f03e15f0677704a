"""Changes to redrive: the parked changes of a redrive, and the commands that name them."""

from collections.abc import Collection, Iterable, Iterator

import msgspec

from shared.adapters.state.parked import Parked
from shared.domain.parked_where import ParkedWhere
from shared.values.parked_change import ParkedChange
from shared.values.redrive_command import (
    COMMAND_CHANGES,
    COMMAND_ROWS,
    RedriveAction,
    RedriveCommand,
)
from shared.values.row_key import WHOLE_GROUP


def chosen_changes(
    parked: Parked,
    consumer: str,
    where: ParkedWhere,
    before_ms: int,
    without: Collection[str] = (),
    *,
    closes: bool = False,
    slim: bool = False,
) -> list[ParkedChange]:
    """The parked changes that are meant, by group and seq.

    slim: without stack and messages, which are most of their memory.

    An update that changed its row's key is a `d` and a `c`: where one of them is meant, both are.
    A closed row opens only when nothing of it is left: where one change is meant, the whole row is.
    So is its whole group, where a truncation waits in it.
    """
    every, meant, known = list[ParkedChange](), set[str](), dict[str, str]()
    for change in parked.all(consumer):
        if change.parked_ms < before_ms and change.id not in without:
            if where.holds(change):
                meant.add(change.id)
            every.append(_slim(change, known) if slim else change)
    if not meant or len(meant) == len(every):
        return [change for change in every if change.id in meant]
    meant |= {_partner(change) for change in every if change.id in meant}
    if closes:
        whole = {change.group for change in every if change.row == WHOLE_GROUP}
        groups = {change.group for change in every if change.id in meant} & whole
        rows = {change.row_id for change in every if change.id in meant}
        meant |= {one.id for one in every if one.row_id in rows or one.group in groups}
    return [change for change in every if change.id in meant]


def commands(
    changes: Iterable[ParkedChange],
    job: str,
    attempt: int,
    action: RedriveAction,
    continued: str = "",
) -> Iterator[RedriveCommand]:
    """The commands that name these changes, each for one group.

    continued: the group of which later commands name more changes.
    """
    groups: dict[str, list[ParkedChange]] = {}
    for change in changes:
        groups.setdefault(change.group, []).append(change)
    for group, members in groups.items():
        rows: dict[str, list[str]] = {}
        seqs: list[int] = []
        for change in members:
            full = change.row not in rows and len(rows) == COMMAND_ROWS
            if full or len(seqs) == COMMAND_CHANGES:
                between = min(seqs), max(seqs)
                yield RedriveCommand(job, attempt, action, group, rows, between, more=True)
                rows, seqs = {}, []
            rows.setdefault(change.row, []).append(change.id)
            seqs.append(change.seq)
        between, more = (min(seqs), max(seqs)), group == continued
        yield RedriveCommand(job, attempt, action, group, rows, between, more)


def _slim(change: ParkedChange, known: dict[str, str]) -> ParkedChange:
    """A change with what its command needs. known: texts that many changes share."""
    shared = {
        name: known.setdefault(text, text)
        for name in ("group", "table", "op", "error", "reason", "version")
        if (text := getattr(change, name))
    }
    none = {"message": "", "last": "", "stack": "", "trace": ""}
    return msgspec.structs.replace(change, **shared, **none)


def _partner(change: ParkedChange) -> str:
    """The id of the other half of an update that changed its row's key; see numbering.py."""
    other = {"d": "c", "c": "d"}.get(change.id[-1:], "")
    return change.id[:-1] + other if other and change.op == change.id[-1] else ""
