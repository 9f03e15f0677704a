"""Consume: what a consumer's function does with the messages it is handed.

The order of the steps is what makes a kill at any point harmless: changes are applied (again with
the same version if need be), what is refused is sent aside, the mark moves over what is settled,
and only then does the message go, by not being reported as failed.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence

import msgspec

from shared.adapters.claims.contract import Claims
from shared.adapters.queue.contract import Queue
from shared.adapters.state.state import State
from shared.domain.sink import Arrival, Outcome, Sink, Slice
from shared.flows.consume.set_aside import set_aside
from shared.flows.consume.tally import Consumed
from shared.values.change import Change
from shared.values.delivery import Delivery, back_off
from shared.values.errors import RowlineError, StackError, StateUnavailable
from shared.values.mark import Mark
from shared.values.message import Message, decode, plain
from shared.values.settings import ConsumerSettings

SLICE_BYTES = 16_000_000
"""Rows fetched from the claim store are held in memory up to about this much at a time."""

RESERVE = 13.0
"""Seconds that must be left for one more request: its time-out, and what comes after it (marks, set
aside, delays). Half the time where a function has less.
"""

_claimed = msgspec.json.Decoder(Change)


class _Piece(msgspec.Struct):
    """One change of a message, or a whole body that is no message (`change` None), and what became
    of it.
    """

    change: Change | None
    size: int
    outcome: Outcome | None = None


class _Handled(msgspec.Struct):
    """A delivery, what was in it, and which of that is for this batch to settle; `duplicates`
    changes were seen before.
    """

    delivery: Delivery
    message: Message | None
    lane: str
    pieces: list[_Piece]
    duplicates: int = 0

    def settled(self) -> Iterator[_Piece]:
        """The pieces up to the first that failed."""
        for piece in self.pieces:
            if piece.outcome is None or piece.outcome.kind == "failed":
                return
            yield piece

    def is_of_run(self, run: str) -> bool:
        """Whether this backfill message was sent by the run under way (attribute `run`)."""
        return run != "" and self.delivery.attributes.get("run", run) == run

    def is_settled(self) -> bool:
        return all(
            piece.outcome is not None and piece.outcome.kind != "failed" for piece in self.pieces
        )


class Consume:
    """A consumer at work. `queue` is its own queue, `aside` where changes go that are refused for
    good.
    """

    def __init__(
        self,
        consumer: ConsumerSettings,
        sink: Sink,
        state: State,
        claims: Claims,
        queue: Queue,
        aside: Queue,
    ) -> None:
        self._consumer, self._sink = consumer, sink
        self._marks, self._done_messages = state.marks, state.done_messages
        self._claims, self._queue, self._aside = claims, queue, aside

    def handle(self, deliveries: Sequence[Delivery], time_left: Callable[[], float]) -> Consumed:
        """Settle what can be settled; the rest is received again: a message that failed, and all
        later ones of its group, after a back-off.

        `time_left` seconds until the function is stopped. Raises what is nobody's fault in the
        batch (the state table is down); all of it is then received again.
        """
        try:
            consumed = self._handle(deliveries, time_left)
        except BaseException:
            self._postpone(deliveries)
            raise
        failed = set(consumed.failed)
        self._postpone([delivery for delivery in deliveries if delivery.message_id in failed])
        return consumed

    def _handle(self, deliveries: Sequence[Delivery], time_left: Callable[[], float]) -> Consumed:
        opened = [self._open(delivery) for delivery in deliveries]
        counted = (
            sorted({one.delivery.group for one in opened if one.lane == "live"})
            if self._consumer.marks
            else []
        )
        marks, run = self._marks.read(self._consumer.name, counted)
        floors = {group: mark.seq for group, mark in marks.items()}
        for one in opened:
            self._drop(one, floors, run)
        self._apply(opened, run, time_left)
        groups: dict[str, list[_Handled]] = {}
        for one in opened:
            groups.setdefault(one.delivery.group, []).append(one)
        self._set_aside(groups, time_left)
        consumed = Consumed()
        self._settle(groups, marks, run, consumed)
        return consumed

    def _open(self, delivery: Delivery) -> _Handled:
        """Read a delivery. What is no message is refused; a message of a table that is not declared
        holds nothing for this consumer: a filter policy may take 15 minutes to act (SNS developer
        guide, "Amazon SNS subscription filter policies").
        """
        lane = delivery.attributes.get("lane", "live")
        try:
            body = plain(delivery.body)
            message = decode(body)
        except RowlineError as error:
            return _Handled(
                delivery,
                None,
                lane,
                [_Piece(None, len(delivery.body), Outcome("refused", f"message: {error.what}"))],
            )
        if message.source != self._consumer.source or not self._consumer.wants(
            message.database, message.table
        ):
            return _Handled(delivery, message, lane, [])
        size = len(body) // max(1, len(message.changes))
        return _Handled(
            delivery, message, lane, [_Piece(change, size) for change in message.changes]
        )

    def _drop(self, one: _Handled, floors: dict[str, int], run: str) -> None:
        """Leave out live changes that were seen before (in this batch too: after a crash the relay
        may pack the same changes into other messages), and backfilled rows of a run that is over,
        whose recorded deletions are gone.
        """
        if one.lane == "live" and one.delivery.group in floors:
            fresh = []
            for piece in one.pieces:
                if piece.change is None or piece.change.seq > floors[one.delivery.group]:
                    fresh.append(piece)
                    if piece.change is not None:
                        floors[one.delivery.group] = piece.change.seq
            one.duplicates = len(one.pieces) - len(fresh)
            one.pieces = fresh
        elif one.lane == "backfill" and not one.is_of_run(run):
            for piece in one.pieces:
                piece.outcome = piece.outcome or Outcome("superseded")

    def _apply(self, opened: Sequence[_Handled], run: str, time_left: Callable[[], float]) -> None:
        """Give the changes to the sink, a slice at a time, and note the outcomes."""
        waiting: list[tuple[_Piece, Arrival]] = []
        held = 0

        reserve = min(RESERVE, time_left() / 2)

        def flush() -> bool:
            arrivals = [arrival for _, arrival in waiting]
            outcomes = self._sink.apply(Slice(arrivals, run, lambda: time_left() > reserve))
            for (piece, _), outcome in zip(waiting, outcomes, strict=True):
                piece.outcome = outcome
            waiting.clear()
            # A sink that took nothing at all is not asked again in this batch.
            return any(outcome.kind != "failed" for outcome in outcomes)

        for one in opened:
            for piece in one.pieces:
                if piece.outcome is not None or piece.change is None or one.message is None:
                    continue
                try:
                    change, size = self._whole(piece)
                except StateUnavailable as error:
                    piece.outcome = Outcome("failed", f"claim: {error}")
                    continue
                except (StackError, msgspec.MsgspecError) as error:
                    piece.outcome = Outcome("refused", f"claim: {error}")
                    continue
                waiting.append((piece, Arrival(one.message, one.lane, change, size)))  # type: ignore[arg-type]
                held += size
                if held > SLICE_BYTES:
                    held = 0
                    if not flush():
                        return
        if waiting:
            flush()

    def _whole(self, piece: _Piece) -> tuple[Change, int]:
        """The change with its row, which may lie in the claim store, and its size in bytes."""
        assert piece.change is not None
        if not piece.change.claim:
            return piece.change, piece.size
        body = self._claims.get(piece.change.claim)
        return _claimed.decode(body), len(body)

    def _set_aside(self, groups: dict[str, list[_Handled]], time_left: Callable[[], float]) -> None:
        """Send refused changes aside; one that cannot be sent has failed. Those behind a failure
        wait for its next delivery.
        """
        refused: list[tuple[_Handled, _Piece]] = []
        for handled in groups.values():
            for one in handled:
                refused += [
                    (one, piece)
                    for piece in one.settled()
                    if piece.outcome is not None and piece.outcome.kind == "refused"
                ]
                if not one.is_settled():
                    break
        sent = set_aside(
            self._aside,
            self._consumer.name,
            [
                (
                    one.delivery,
                    one.message,
                    piece.change,
                    piece.outcome.reason if piece.outcome else "",
                )
                for one, piece in refused
            ],
            lambda: time_left() > 2,
        )
        for (_, piece), problem in zip(refused, sent, strict=True):
            if problem is not None:
                piece.outcome = Outcome("failed", f"cannot be set aside: {problem}")

    def _settle(
        self,
        groups: dict[str, list[_Handled]],
        marks: dict[str, Mark],
        run: str,
        consumed: Consumed,
    ) -> None:
        """Move the groups' marks over what is settled, in order, and report the rest."""
        settled = {group: _settled(handled) for group, handled in groups.items()}
        seqs = {
            group: [
                piece.change.seq
                for lane, piece in pieces
                if lane == "live" and piece.change is not None
            ]
            for group, (_, pieces) in settled.items()
            if group in marks
        }
        for group in self._advance(marks, {group: some for group, some in seqs.items() if some}):
            settled[group] = ([], [])
        finished = [one for done, _ in settled.values() for one in done]
        if backfilled := [
            one.delivery.deduplication_id
            for one in finished
            if one.lane == "backfill" and one.is_of_run(run)
        ]:
            self._done_messages.note(self._consumer.name, run, backfilled)
        for group, handled in groups.items():
            done, pieces = settled[group]
            consumed.failed += [one.delivery.message_id for one in handled[len(done) :]]
            consumed.duplicate += sum(one.duplicates for one in done)
            for lane, piece in pieces:
                assert piece.outcome is not None
                consumed.applied += piece.outcome.kind == "applied"
                consumed.superseded += piece.outcome.kind == "superseded"
                consumed.set_aside += piece.outcome.kind == "refused"
                if lane == "live" and piece.change is not None:
                    consumed.last_ts_ms = max(consumed.last_ts_ms, piece.change.ts_ms)
            for piece in (piece for one in handled for piece in one.pieces):
                if piece.outcome is not None and piece.outcome.reason:
                    reason = _without_values(piece.outcome)
                    consumed.reasons[reason] = consumed.reasons.get(reason, 0) + 1

    def _advance(self, marks: dict[str, Mark], seqs: dict[str, list[int]]) -> list[str]:
        """Count these changes as seen; returns the groups where that did not succeed. When another
        delivery of the same messages was concurrent, what it counted is not counted again.
        """
        for _ in range(3):
            moves = {}
            for group, some in seqs.items():
                mark = marks[group]
                if new := [seq for seq in some if seq > mark.seq]:
                    moves[group] = (mark, Mark(new[-1], mark.count + len(new)))
            refused = self._marks.advance(self._consumer.name, moves) if moves else set()
            if not refused:
                return []
            seqs = {group: seqs[group] for group in refused}
            marks = self._marks.read(self._consumer.name, sorted(refused))[0]
        return list(seqs)

    def _postpone(self, deliveries: Sequence[Delivery]) -> None:
        """Let the messages of a group come again together, after a wait that grows with the
        attempts.
        """
        groups: dict[str, list[Delivery]] = {}
        for delivery in deliveries:
            groups.setdefault(delivery.group, []).append(delivery)
        waits: dict[int, list[str]] = {}
        for members in groups.values():
            waits.setdefault(back_off(members[0].attempt), []).extend(
                delivery.receipt_handle for delivery in members
            )
        for seconds, handles in waits.items():
            # Where it fails, the queue's own visibility time-out applies.
            with contextlib.suppress(StateUnavailable, StackError):
                self._queue.hide(handles, seconds)


def _settled(handled: Sequence[_Handled]) -> tuple[list[_Handled], list[tuple[str, _Piece]]]:
    """The deliveries of a group that are settled whole, and all settled pieces with their lane:
    what stands before the first failure.
    """
    done: list[_Handled] = []
    pieces: list[tuple[str, _Piece]] = []
    for one in handled:
        pieces += [(one.lane, piece) for piece in one.settled()]
        if not one.is_settled():
            break
        done.append(one)
    return done, pieces


def _without_values(outcome: Outcome) -> str:
    """A reason that may be logged: of a refusal only its kind, for Elasticsearch quotes the value
    that it could not take.
    """
    return outcome.reason.partition(":")[0] if outcome.kind == "refused" else outcome.reason
