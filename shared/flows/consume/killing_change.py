"""Killing change: finds the one change of a suspect group that kills the function, and parks it.

They are applied one by one, or faster where that would take too long: a slow sink is no killer. A
portion that was killed is begun one by one the next time.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from shared.adapters.state.groups_in_hand import GroupsInHand
from shared.domain.sink import Outcome
from shared.flows.consume.applying import Applying, Tried
from shared.flows.consume.batch import Groups, Opened, Piece, settled_of
from shared.flows.consume.closed_rows import ClosedRows
from shared.flows.consume.marks_after_batch import MarksAfterBatch
from shared.flows.consume.parking import Parking
from shared.flows.consume.portion_size import PortionSize
from shared.flows.consume.probe_batch import refused_have_failed
from shared.flows.consume.row_items import RowItems
from shared.flows.consume.witness import WITNESSES, name_of, witness_of
from shared.values.counted import counted
from shared.values.group_in_hand import GroupInHand
from shared.values.mark import Mark

KILLS = 3
"""A change that was begun alone this often, and never ended, is parked."""

FULL, AFTER_WITNESS = 0.8, 0.5
"""A change is blamed only when it was begun alone with this share of the function's time, or with
this one after a witness was taken. It must not be blamed for what others have used up.
"""

KILLED = "Killed:"
"""Begins the reason of a change that is parked for that."""

Waiting = Sequence[tuple[Opened, Piece]]


@dataclass(frozen=True)
class Trial:
    """What an invocation gives to its suspect group; see `BegunGroups.begin`.

    group: the suspect one. groups: all of the batch. held: those that were begun and not ended.
    """

    group: str
    groups: Groups
    held: Mapping[str, GroupInHand]
    run: str
    time_left: Callable[[], float]
    rows: RowItems
    marks: dict[str, Mark]
    give_back: Callable[[Collection[str]], None]
    quiet: Callable[[], bool]
    may_park: bool


@dataclass(frozen=True)
class BatchTools:
    """What applies and settles the changes of one consumer. version: of the function's code."""

    consumer: str
    hands: GroupsInHand
    applying: Applying | ClosedRows
    parking: Parking
    marks_after: MarksAfterBatch
    version: str


class SuspectGroup:
    """One group of one batch. tried: what the sink said."""

    def __init__(self, settling: BatchTools, trial: Trial) -> None:
        self._with = settling
        self._trial, self._group, self._total = trial, trial.group, trial.time_left()
        self._record = trial.held[trial.group]
        self._size = PortionSize(self._total)
        self.tried = Tried()

    def apply(self) -> bool | None:
        """Apply and settle the group; returns whether the suspicion is over.

        None: it is not, but there was no more time.
        """
        trial, before = self._trial, self._record
        waiting = [
            (one, piece)
            for one in trial.groups[self._group]
            for piece in one.pieces
            if piece.change is not None and piece.outcome is None
        ]
        first, end = _suspects(waiting, before)
        together = before.many > 1 or not before.change
        attempts = before.attempts + together
        at = 0
        while at < len(waiting):
            left = trial.time_left()
            bounds = first if at < first else at + 1 if at < end else len(waiting)
            size = self._size.next(bounds - at, left)
            if not size:
                self._note(self._rest(waiting, at, first, end, attempts))
                _wait(waiting[at:])
                return None
            size = 1 if trial.rows.closes else size
            portion = waiting[at : at + size]
            if size == 1 and portion[0][1].outcome is not None:
                pass  # it was a witness
            elif size > 1:
                self._give_back_others()
                self._note(_record(portion, self._with.version, attempts, many=size))
                self._apply(portion)
            elif not self._alone(portion[0], attempts, suspect=together or first <= at < end):
                _wait(waiting[at:])
                return False
            if not self._settle(portion):
                _wait(waiting[at + size :])
                return True  # it failed by itself, without a kill
            self._size.note(size, left - trial.time_left())
            at += size
        return True

    def _rest(self, waiting: Waiting, at: int, first: int, end: int, attempts: int) -> GroupInHand:
        """The record of a group whose changes from `at` on are for another invocation."""
        if at <= first < end:
            return self._record
        if at < end:
            return _record(waiting[at:], self._with.version, attempts - 1, many=end - at)
        return GroupInHand(version=self._with.version, attempts=max(0, attempts - 1))

    def _alone(self, waiting: tuple[Opened, Piece], attempts: int, *, suspect: bool) -> bool:
        """Apply one change, or refuse it as a killer; False: not in this invocation."""
        before, piece = self._record, waiting[1]
        known = piece.change is not None and piece.change.id == before.change and before.many <= 1
        tries = before.tries if known and before.version == self._with.version else 0
        if not suspect:
            attempts = 0
        elif known and not tries:
            attempts += before.tries  # of another version of the code
        record = _record([waiting], self._with.version, attempts)
        if tries >= KILLS and before.proved:
            piece.attempts = attempts + tries
            reason = (
                f"{KILLED} the function ended {counted(tries, 'time')} while it applied "
                "this change alone"
            )
            piece.outcome = Outcome("refused", reason)
            return True
        proved = bool(self.tried.took) or (bool(tries) and before.proved)
        enough = AFTER_WITNESS if self.tried.took else FULL
        if tries >= KILLS - 1 and not proved:
            said = self._ask_witness(msgspec.structs.replace(record, tries=KILLS - 1), piece)
            if said == "failed":
                return False
            if said == "taken":
                proved, enough, tries = True, AFTER_WITNESS, KILLS - 1
            else:  # all others kill too: the sink is the cause, so the count starts again
                record = msgspec.structs.replace(record, attempts=attempts + tries)
                tries = 0
        self._give_back_others()
        if self._trial.time_left() >= self._total * enough:
            self._note(msgspec.structs.replace(record, tries=tries + 1, proved=proved))
        else:
            self._note(msgspec.structs.replace(record, tries=tries, attempts=record.attempts + 1))
        self._apply([waiting])
        return True

    def _ask_witness(self, record: GroupInHand, piece: Piece) -> str:
        """Try another change of the batch: it is `taken` or has `failed`; `none` without an answer.

        If neither the batch nor the queue has another change, no witness can clear the suspect, so
        the answer is `taken`.
        """
        trial, asked = self._trial, list(self._record.witnesses)
        while len(asked) < WITNESSES:
            found = witness_of(self._group, piece, trial.groups, trial.held, asked)
            if found is None:
                return "taken" if trial.quiet() else "none"
            group, one, other = found
            asked.append(name_of(other))
            self._give_back_others(group)
            self._note(msgspec.structs.replace(record, witnesses=tuple(asked)))
            tried = self._apply([(one, other)])
            if group != self._group:
                self._settle([(one, other)], group)
                self._give_back_others()
            if tried.took is not None:
                return "taken" if tried.took else "failed"
        return "none"

    def _apply(self, portion: Waiting) -> Tried:
        alone: list[Opened] = []
        for one, piece in portion:
            if alone and alone[-1].delivery is one.delivery:
                alone[-1].pieces.append(piece)
            else:
                alone.append(Opened(one.delivery, one.message, one.lane, [piece]))
        trial = self._trial
        tried = self._with.applying.apply(alone, trial.run, trial.time_left, trial.rows)
        self.tried = self.tried.plus(tried)
        return tried

    def _settle(self, portion: Waiting, group: str = "") -> bool:
        """Park and mark what was applied; returns whether all of it is settled."""
        group, trial = group or self._group, self._trial
        alone = [Opened(one.delivery, one.message, one.lane, [piece]) for one, piece in portion]
        reasons = [piece.outcome.reason for _, piece in portion if piece.outcome]
        if not trial.may_park and not all(one.startswith(KILLED) for one in reasons):
            refused_have_failed({group: alone})
        self._with.parking.park({group: alone}, trial.rows)
        done, pieces = settled_of(alone)
        seqs = [
            piece.change.seq
            for one, piece in pieces
            if one.lane == "live" and piece.change is not None and group in trial.marks
        ]
        if seqs and not self._with.marks_after.advance(trial.marks, {group: seqs}):
            mark = trial.marks[group]
            new = [seq for seq in seqs if seq > mark.seq]
            trial.marks[group] = Mark(max([mark.seq, *new]), mark.count + len(new))
        return len(done) == len(alone)

    def _give_back_others(self, *also: str) -> None:
        keep = {self._group, *also}
        if others := [group for group in self._trial.groups if group not in keep]:
            self._trial.give_back(others)

    def _note(self, record: GroupInHand) -> None:
        self._with.hands.begin(self._with.consumer, {self._group: record})


def _suspects(waiting: Waiting, before: GroupInHand) -> tuple[int, int]:
    """The range of the changes that were begun last; (end, end): there are none."""
    for at, (_, piece) in enumerate(waiting):
        if before.change and piece.change is not None and piece.change.id == before.change:
            return at, min(len(waiting), at + max(1, before.many))
    return len(waiting), len(waiting)


def _record(portion: Waiting, version: str, attempts: int, *, many: int = 1) -> GroupInHand:
    change = portion[0][1].change
    assert change is not None
    return GroupInHand(change.id, 0, version, many=many, attempts=attempts)


def _wait(rest: Waiting) -> None:
    for _, piece in rest:
        piece.outcome = piece.outcome or Outcome("failed", "its group is applied in portions")
