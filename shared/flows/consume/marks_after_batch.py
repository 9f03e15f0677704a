"""Marks after a batch: move over what it has settled; messages of jobs are noted as done."""

from collections import Counter
from collections.abc import Mapping, Sequence

from shared.adapters.state.state import State
from shared.flows.consume.batch import Opened, Piece, settled_of
from shared.flows.consume.batch_result import Consumed
from shared.values.mark import Mark
from shared.values.message import RUN_LANES

_ATTEMPTS = 3


class MarksAfterBatch:
    """The marks and done messages of one consumer."""

    def __init__(self, consumer: str, state: State) -> None:
        self._consumer = consumer
        self._marks, self._done_messages = state.marks, state.done_messages

    def settle(
        self, groups: Mapping[str, Sequence[Opened]], marks: Mapping[str, Mark], run: str
    ) -> Consumed:
        """Record what is settled of each group; the rest is reported as failed."""
        settled = {group: settled_of(opened) for group, opened in groups.items()}
        seqs = {
            group: [
                piece.change.seq
                for one, piece in pieces
                if one.lane == "live" and piece.change is not None
            ]
            for group, (_, pieces) in settled.items()
            if group in marks
        }
        for group in self.advance(marks, {group: some for group, some in seqs.items() if some}):
            settled[group] = ([], [])
        finished = [one for done, _ in settled.values() for one in done]
        if backfilled := [
            one.delivery.deduplication_id
            for one in finished
            if one.lane in RUN_LANES and one.is_of_run(run)
        ]:
            self._done_messages.note(self._consumer, run, backfilled)
        consumed, kinds = Consumed(), list[str]()
        for group, opened in groups.items():
            done, pieces = settled[group]
            consumed.failed += [one.delivery.message_id for one in opened[len(done) :]]
            consumed.duplicate += sum([one.duplicates for one in done])
            kinds += [piece.outcome.kind for _, piece in pieces if piece.outcome is not None]
            _note(consumed, opened, pieces)
        _count(consumed, Counter(kinds))
        return consumed

    def advance(self, marks: Mapping[str, Mark], seqs: dict[str, list[int]]) -> list[str]:
        """Count these changes as seen; returns the groups where that did not succeed.

        When another delivery of the same messages was concurrent, what it counted is not counted
        again.
        """
        for _ in range(_ATTEMPTS):
            moves = {}
            for group, some in seqs.items():
                mark = marks[group]
                if new := [seq for seq in some if seq > mark.seq]:
                    moves[group] = (mark, Mark(new[-1], mark.count + len(new)))
            refused = self._marks.advance(self._consumer, moves) if moves else set()
            if not refused:
                return []
            seqs = {group: seqs[group] for group in refused}
            marks = self._marks.read(self._consumer, sorted(refused)).marks
        return list(seqs)


def _count(consumed: Consumed, kinds: Counter[str]) -> None:
    """Count the outcomes of what is settled."""
    consumed.applied += kinds["applied"]
    consumed.superseded += kinds["superseded"]
    consumed.filtered += kinds["filtered"]
    consumed.parked += kinds["refused"]


def _note(
    consumed: Consumed, opened: Sequence[Opened], settled: Sequence[tuple[Opened, Piece]]
) -> None:
    """Note the times and reasons of a group's changes."""
    over = {id(piece) for _, piece in settled}
    for one in opened:
        is_live = one.lane == "live"
        if is_live and one.message is not None and one.message.changes:
            newest = one.message.changes[-1].ts_ms
            consumed.newest_ts_ms = max(consumed.newest_ts_ms, newest)
        for piece in one.pieces:
            if piece.outcome is not None and piece.outcome.reason:
                reason = piece.outcome.without_values
                consumed.reasons[reason] = consumed.reasons.get(reason, 0) + 1
                if piece.change is not None and one.message is not None:
                    consumed.name(piece.change.id, one.message.traceparent)
            if is_live and piece.change is not None and id(piece) not in over:
                consumed.unsettled += 1
                held, ts_ms = consumed.oldest_failed_ts_ms, piece.change.ts_ms
                consumed.oldest_failed_ts_ms = min(held, ts_ms) if held else ts_ms
