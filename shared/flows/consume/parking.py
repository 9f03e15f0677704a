"""Parking: a change that will never be accepted is set aside with its reason, alone."""

import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Literal

import msgspec

from shared.adapters.claims.contract import Claims
from shared.adapters.state.parked import FlagsFull, Parked
from shared.domain.sink import Outcome
from shared.flows.consume.batch import Opened, Piece
from shared.flows.consume.park_budget import ParkBudget
from shared.flows.consume.parked_content import INLINE_BYTES
from shared.flows.consume.parked_reason import error_of, parked_reason
from shared.flows.consume.row_items import RowItems, row_id
from shared.values.change import Change
from shared.values.errors import Outage, RowlineError, StackError
from shared.values.json_text import decode_json
from shared.values.lifetimes import PARKED_SECONDS
from shared.values.message import Message, encode, with_raw_change
from shared.values.parked_change import ParkedChange
from shared.values.row_key import key_text
from shared.values.settings import ConsumerSettings
from shared.values.storable_text import storable

RESERVE_SECONDS = 4.0
"""Seconds that must be left to park another change: marks and delays follow. A quarter of the time
that parking has, where a function has less.
"""

MESSAGE_LIMIT, STACK_LIMIT = 2_000, 8_000

_claimed = msgspec.json.Decoder(Change)


class Parking:
    """Parks what a consumer refuses.

    version: of the function's code. clock: seconds since 1970.
    broken: why nothing was parked of the last batch, if that has more refusals than rows explain,
        or there is no room.
    """

    def __init__(
        self,
        consumer: ConsumerSettings,
        parked: Parked,
        claims: Claims,
        version: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._consumer, self._parked, self._claims = consumer.name, parked, claims
        self._mode: Literal["open", "closed"] = "closed" if consumer.closes_rows else "open"
        self._version, self._clock = version, clock
        self.budget, self.broken = ParkBudget(consumer, parked, clock), ""
        self._time_left: Callable[[], float] = lambda: RESERVE_SECONDS

    def begin(self, time_left: Callable[[], float]) -> None:
        """A batch begins: what the last one showed says nothing about it."""
        self.broken, self._time_left = "", time_left

    def park(self, groups: Mapping[str, Sequence[Opened]], rows: RowItems) -> None:
        """Park each refused change; one that cannot be parked has failed.

        Everything behind a failure waits for its next delivery. Killed at any point, the next
        delivery does the same again. A row's item is stored before its first parked change, so a
        change that is parked always has one. Where the function's time is over before all are
        parked, the others wait for the next delivery: a kill would repeat the whole batch.
        """
        refused = _refused(groups)
        self._decide(groups, [piece for _, piece in refused if not piece.joined])
        if refused:  # the budget may not suffice for all
            refused = _refused(groups)
        for one, piece in refused:
            if piece.change is not None:
                rows.begin(one.delivery.group, piece.change, self._mode)
        rows.take_outcomes(groups)
        try:
            rows.save()
        except RowlineError as error:
            if isinstance(error, FlagsFull):
                self.broken = str(error)
            # Also when nothing is refused: a row that looks older than it is could go back in time.
            for group in groups.values():
                for one in group:
                    fail(one.pieces, f"state: {error}")
            return
        reserve = min(RESERVE_SECONDS, self._time_left() / 4)
        for number, (one, piece) in enumerate(refused):
            assert piece.outcome is not None
            if number and self._time_left() < reserve:
                fail([piece], "not parked: the function's time was over")
                continue
            try:
                self._add(one, piece, piece.outcome)
            except RowlineError as error:
                piece.outcome = Outcome("failed", f"cannot be parked: {error}")
        try:
            rows.save_begun(
                row_id(one.delivery.group, piece.change)
                for one, piece in refused
                if piece.change is not None and piece.outcome and piece.outcome.kind == "refused"
            )
        except RowlineError as error:
            fail([piece for _, piece in refused], f"cannot be parked: {error}")
        for _, piece in refused:
            piece.parked = piece.outcome is not None and piece.outcome.kind == "refused"

    def _decide(self, groups: Mapping[str, Sequence[Opened]], refused: Sequence[Piece]) -> None:
        """Take what is refused from the budget; where it does not suffice, that has failed.

        What joins a closed row costs nothing: it is one refusal, however many follow it.
        """
        tried = sum(
            [
                piece.outcome is not None and piece.outcome.kind != "failed" and not piece.joined
                for group in groups.values()
                for one in group
                for piece in one.pieces
            ]
        )
        try:
            granted, why = self.budget.grant(tried, len(refused))
        except RowlineError as error:
            granted, why = 0, f"state: {error}"
        else:
            self.broken = self.broken or why
        fail(refused[granted:], f"not parked: {why}")

    def _add(self, one: Opened, piece: Piece, outcome: Outcome) -> None:
        payload, body = "", self._body(one, piece)
        id = _identity(one, piece)
        name = f"{self._consumer}/{id}"
        if len(body.encode()) > INLINE_BYTES:
            payload = self._claims.park(name, body.encode())
        parked = self._change(one, piece, outcome, id, payload)
        if self._parked.add(self._consumer, parked, body) and payload:
            self._claims.park(name, body.encode())  # another holder may have removed both

    def _change(
        self, one: Opened, piece: Piece, outcome: Outcome, id: str, payload: str
    ) -> ParkedChange:
        change, message = piece.change, one.message
        now_ms = int(self._clock() * 1000)
        text = storable(outcome.reason[:MESSAGE_LIMIT]) or "refused"
        return ParkedChange(
            id=id,
            group=one.delivery.group,
            row=row_id(one.delivery.group, change)[1] if change is not None else "",
            table=message.full_name if message is not None else "",
            key=key_text(change.key) if change is not None else "",
            seq=change.seq if change is not None else 0,
            op=change.op if change is not None else "",
            ts_ms=change.ts_ms if change is not None else 0,
            error=error_of(text),
            message=text,
            reason=storable(parked_reason(text, change)),
            parked_ms=now_ms,
            tried_ms=now_ms,
            last=text,
            expires=now_ms // 1000 + PARKED_SECONDS,
            payload=payload,
            stack=storable(outcome.stack[:STACK_LIMIT]),
            joined=piece.joined,
            attempts=piece.attempts,
            version=self._version,
            trace=(message.traceparent or "") if message is not None else "",
        )

    def _body(self, one: Opened, piece: Piece) -> str:
        """The change as a message of its own, with its whole row: the claim may expire first."""
        change, message = piece.change, one.message
        if message is not None and piece.malformed:
            return with_raw_change(message, piece.malformed)
        if change is None or message is None:
            return one.delivery.body
        return encode(single_change_message(message, self._whole(change)))

    def _whole(self, change: Change) -> Change:
        if not change.claim:
            return change
        try:
            return decode_json(self._claims.get(change.claim), _claimed)
        except Outage:
            raise
        except (StackError, msgspec.MsgspecError):  # gone: perhaps that is why it was refused
            return change


def _refused(groups: Mapping[str, Sequence[Opened]]) -> list[tuple[Opened, Piece]]:
    """The settled pieces that are refused."""
    found: list[tuple[Opened, Piece]] = []
    for group in groups.values():
        for one in group:
            settled = one.settled()
            found += [(one, piece) for piece in settled if _is_refused(piece)]
            if len(settled) < len(one.pieces):
                break
    return found


def _is_refused(piece: Piece) -> bool:
    return piece.outcome is not None and piece.outcome.kind == "refused" and not piece.parked


def _identity(one: Opened, piece: Piece) -> str:
    """The identity of a change, or of a text that is none, whose id follows from the text."""
    if piece.change is not None:
        return piece.change.id
    if piece.malformed:
        return blake2b(one.delivery.group.encode() + piece.malformed, digest_size=16).hexdigest()
    return one.delivery.deduplication_id


def single_change_message(message: Message, change: Change) -> Message:
    """A message of one of the changes of a message."""
    return Message(
        message.stream,
        message.source,
        message.database,
        message.table,
        message.schema_version,
        message.group,
        message.traceparent,
        [change],
    )


def fail(pieces: Sequence[Piece], reason: str) -> None:
    """Fail these pieces, which are not settled after all."""
    for piece in pieces:
        piece.outcome = Outcome("failed", reason)
