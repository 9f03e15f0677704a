"""Batch: the messages of one invocation, opened, and what became of each change in them."""

from collections.abc import Mapping, Sequence

import msgspec

from shared.domain.sink import Outcome
from shared.values.change import Change
from shared.values.delivery import Delivery
from shared.values.errors import RowlineError
from shared.values.message import Lane, Message, decode_plain, loosely, plain
from shared.values.settings import ConsumerSettings


class Piece(msgspec.Struct, gc=False):
    """One change of a message and its outcome so far.

    change: None for a whole body that is no message, and for a change that is none.
    size: about how many bytes it has.
    joined: it is refused only because its row is closed. parked: it is parked already.
    malformed: JSON of a change that is none, in a message whose other changes are sound.
    attempts: how often this invocation gave it to the sink, if more than once.
    """

    change: Change | None
    size: int
    outcome: Outcome | None = None
    joined: bool = False
    parked: bool = False
    malformed: bytes = b""
    attempts: int = 1


class Opened(msgspec.Struct):
    """A delivery, and the pieces of it that this batch has to settle.

    message: None for a body that is no message.
    duplicates: the number of its changes that were seen before.
    overtaken: all of them count as seen, because of later changes of its group.
    """

    delivery: Delivery
    message: Message | None
    lane: Lane
    pieces: list[Piece]
    duplicates: int = 0
    overtaken: bool = False

    def settled(self) -> list[Piece]:
        """The pieces up to the first that failed."""
        for number, piece in enumerate(self.pieces):
            if piece.outcome is None or piece.outcome.kind == "failed":
                return self.pieces[:number]
        return self.pieces

    def is_of_run(self, run: str) -> bool:
        """Whether this backfill message was sent by the run under way."""
        return run != "" and self.delivery.attributes.get("run", run) == run


Groups = Mapping[str, Sequence[Opened]]
"""The deliveries of each message group, in order."""


def open_delivery(delivery: Delivery, consumer: ConsumerSettings) -> Opened:
    """Read a delivery; a body that is no message is refused.

    A message of a table that is not declared holds nothing for this consumer: a filter policy may
    take 15 minutes to act. Source: SNS developer guide, "Amazon SNS subscription filter policies".
    """
    lane: Lane = delivery.attributes.get("lane", "live")  # type: ignore[assignment]
    try:
        body = plain(delivery.body)
        message = decode_plain(body)
    except RowlineError as error:
        if (opened := _piecewise(delivery, lane)) is not None:
            return opened if _is_for(opened.message, consumer) else _nothing(opened)
        refused = Outcome("refused", f"message: {error.what}")
        return Opened(delivery, None, lane, [Piece(None, len(delivery.body), refused)])
    if not _is_for(message, consumer):
        return Opened(delivery, message, lane, [])
    size = len(body) // max(1, len(message.changes))
    return Opened(delivery, message, lane, [Piece(change, size) for change in message.changes])


def _is_for(message: Message | None, consumer: ConsumerSettings) -> bool:
    return (
        message is not None
        and message.source == consumer.source
        and consumer.wants(message.database, message.table)
    )


def _nothing(opened: Opened) -> Opened:
    return msgspec.structs.replace(opened, pieces=[])


def _piecewise(delivery: Delivery, lane: Lane) -> Opened | None:
    """A message with malformed changes: each of these is refused alone.

    None when the body is no message at all.
    """
    try:
        loose = loosely(delivery.body)
    except RowlineError:
        return None
    message, pieces = loose
    return Opened(
        delivery,
        message,
        lane,
        [
            Piece(one, size)
            if isinstance(one, Change)
            else Piece(None, size, Outcome("refused", f"change: {one[0]}"), malformed=one[1])
            for one, size in pieces
        ],
    )


def by_group(opened: Sequence[Opened]) -> dict[str, list[Opened]]:
    """The deliveries of each message group, in order."""
    groups: dict[str, list[Opened]] = {}
    for one in opened:
        groups.setdefault(one.delivery.group, []).append(one)
    return groups


def asked_waits(opened: Sequence[Opened]) -> dict[str, float]:
    """Group → the longest wait in seconds that the sink asks for a failed change of it."""
    waits: dict[str, float] = {}
    for one in opened:
        for piece in one.pieces:
            if piece.outcome is not None and piece.outcome.retry_after > 0:
                group = one.delivery.group
                waits[group] = max(waits.get(group, 0.0), piece.outcome.retry_after)
    return waits


def settled_of(group: Sequence[Opened]) -> tuple[list[Opened], list[tuple[Opened, Piece]]]:
    """The deliveries of a group that are settled whole, and all settled pieces.

    Both end before the first failure.
    """
    done: list[Opened] = []
    pieces: list[tuple[Opened, Piece]] = []
    for one in group:
        settled = one.settled()
        pieces += [(one, piece) for piece in settled]
        if len(settled) < len(one.pieces):
            break
        done.append(one)
    return done, pieces
