"""Applying: gives the changes of a batch to the sink, a slice at a time."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from shared.adapters.claims.contract import Claims
from shared.domain.sink import Arrival, Outcome, Sink, Slice
from shared.flows.consume.batch import Opened, Piece
from shared.flows.consume.refusal_retries import RefusalRetries
from shared.flows.consume.row_items import RowItems
from shared.values.change import Change
from shared.values.errors import StackError, StateUnavailable
from shared.values.index_pair import NO_PAIRS, IndexPairs
from shared.values.json_text import decode_json

SLICE_BYTES = 16_000_000
"""Rows fetched from the claim store are held in memory up to about this much at a time."""

APPLY_RESERVE_SECONDS = 13.0
"""Seconds that must be left for one more request: its time-out, and what comes after it (marks,
parking, delays). Half the time where a function has less.
"""

_claimed = msgspec.json.Decoder(Change)


class Tried(NamedTuple):
    """What a sink answered in one batch: how many changes it took, refused, and failed on.

    unasked: changes that were refused before the sink: by upcaster, filter, mapping or its layout.
    pressed: those of the others that the sink had no room for, at first or in the end.
    """

    taken: int = 0
    refused: int = 0
    failed: int = 0
    unasked: int = 0
    pressed: int = 0

    @property
    def took(self) -> bool | None:
        """Whether the sink answered for any change; None when it was not asked."""
        answered = self.taken + self.refused
        return answered > 0 if answered + self.failed else None

    @property
    def asked(self) -> int:
        """The number of changes that the sink was asked to take."""
        return self.taken + self.refused + self.failed

    def plus(self, other: "Tried") -> "Tried":
        """The sum with what was tried elsewhere."""
        return Tried(
            self.taken + other.taken,
            self.refused + other.refused,
            self.failed + other.failed,
            self.unasked + other.unasked,
            self.pressed + other.pressed,
        )

    @staticmethod
    def of(outcomes: Sequence[Outcome]) -> "Tried":
        """What these outcomes say."""
        asked = Counter([one.kind for one in outcomes if one.asked or one.kind == "failed"])
        return Tried(
            asked["applied"] + asked["superseded"],
            asked["refused"],
            asked["failed"],
            sum([one.kind == "refused" for one in outcomes if not one.asked]),
            sum([one.pressed for one in outcomes]),
        )


class Applying:
    """Gives changes to the sink, with large rows from the claim store.

    retries: tries refused changes again; None: never.
    """

    def __init__(self, sink: Sink, claims: Claims, retries: RefusalRetries | None = None) -> None:
        self._sink, self._claims = sink, claims
        self._retries = retries or RefusalRetries(1)
        self._pairs: IndexPairs = NO_PAIRS

    def begin(self, pairs: IndexPairs, time_left: Callable[[], float]) -> None:
        """A batch begins. pairs: the indexes that are written beside the serving ones."""
        self._pairs = pairs
        self._retries.begin(time_left)

    def apply(
        self,
        opened: Sequence[Opened],
        run: str,
        time_left: Callable[[], float],
        rows: RowItems,
    ) -> Tried:
        """Apply every piece without an outcome, and note the outcomes; returns what the sink said.

        A sink that took nothing of a slice is not asked again in this batch.
        """
        reserve = min(APPLY_RESERVE_SECONDS, time_left() / 2)
        waiting: list[tuple[Piece, Arrival]] = []
        held = 0
        tried = Tried()

        def give(arrivals: Sequence[Arrival]) -> list[Outcome]:
            return self._sink.apply(
                Slice(arrivals, run, lambda: time_left() > reserve, time_left, self._pairs)
            )

        def flush() -> bool:
            nonlocal tried
            arrivals = [arrival for _, arrival in waiting]
            outcomes = give(arrivals)
            if rows.parks:  # a probe refuses nothing for good
                tries = self._retries.repeat(arrivals, outcomes, give, time_left)
                for at, attempts in tries.items():
                    waiting[at][0].attempts = attempts
            for (piece, _), outcome in zip(waiting, outcomes, strict=True):
                piece.outcome = outcome
            waiting.clear()
            answered = Tried.of(outcomes)
            tried = tried.plus(answered)
            return answered.took is not False

        for one in opened:
            for piece in one.pieces:
                arrival = self._arrival(one, piece, rows)
                if arrival is None:
                    continue
                waiting.append((piece, arrival))
                held += arrival.size
                if held > SLICE_BYTES:
                    held = 0
                    if not flush():
                        return tried
        if waiting:
            flush()
        return tried

    def _arrival(self, one: Opened, piece: Piece, rows: RowItems) -> Arrival | None:
        """The piece with its row; None when it has an outcome already, or gets one here."""
        if piece.outcome is not None or piece.change is None or one.message is None:
            return None
        try:
            change, size = self._whole(piece.change, piece.size)
        except StateUnavailable as error:
            piece.outcome = Outcome("failed", f"claim: {error}")
            return None
        except (StackError, msgspec.MsgspecError) as error:
            piece.outcome = Outcome("refused", f"claim: {error}")
            return None
        newest = (
            0 if one.lane == "replay" and rows.closes else rows.newest(one.delivery.group, change)
        )
        return Arrival(one.message, one.lane, change, size, delivery=one.delivery, newest=newest)

    def _whole(self, change: Change, size: int) -> tuple[Change, int]:
        if not change.claim:
            return change, size
        body = self._claims.get(change.claim)
        return decode_json(body, _claimed), len(body)
