"""Parked content: parked changes as they came, to be applied again."""

import msgspec

from shared.adapters.claims.contract import Claims
from shared.adapters.state.parked import Parked
from shared.domain.sink import Outcome
from shared.flows.consume.batch import Opened, Piece
from shared.values.change import Change
from shared.values.delivery import Delivery
from shared.values.errors import RowlineError
from shared.values.message import decode, plain
from shared.values.parked_change import ParkedChange
from shared.values.settings import ConsumerSettings

INLINE_BYTES = 32_000
"""A larger payload is an object in S3: an item of DynamoDB holds 400 KB."""

_WORST = ("filtered", "superseded", "applied", "refused", "failed")


class Attempt(msgspec.Struct):
    """A parked change that is applied again. opened: None when its payload has expired."""

    parked: ParkedChange
    opened: Opened | None

    @property
    def content(self) -> Change | None:
        """The change itself; None where nobody can read it."""
        pieces = self.opened.pieces if self.opened else []
        return next((piece.change for piece in pieces), None)

    @property
    def outcome(self) -> Outcome:
        """The worst of its pieces; `failed` for one that the sink was not asked about."""
        if self.opened is None:
            return Outcome("refused", "payload: has expired")
        outcomes = [piece.outcome or Outcome("failed") for piece in self.opened.pieces]
        return max(outcomes, key=lambda one: _WORST.index(one.kind), default=Outcome("filtered"))


class Payloads:
    """The payloads of one consumer's parked changes."""

    def __init__(self, consumer: ConsumerSettings, parked: Parked, claims: Claims) -> None:
        self._consumer, self._settings = consumer.name, consumer
        self._parked, self._claims = parked, claims

    def open(self, delivery: Delivery, change: ParkedChange) -> Opened | None:
        """A parked change as a message of the lane `redrive`; None when its payload is gone.

        Raises StateUnavailable, StackError.
        """
        body = self._body(change)
        if body is None:
            return None
        try:
            size = len(plain(body))
            message = decode(body)
        except RowlineError as error:  # no message when it was parked, and none now
            refused = Outcome("refused", f"message: {error.what}")
            return Opened(delivery, None, "redrive", [Piece(None, len(body), refused)])
        each = size // max(1, len(message.changes))
        pieces = [Piece(change, each) for change in message.changes]
        if not self._settings.wants(message.database, message.table):  # not any more
            pieces = []
        return Opened(delivery, message, "redrive", pieces)

    def _body(self, change: ParkedChange) -> str | None:
        if not change.payload:
            return self._parked.body(self._consumer, change)
        found = self._claims.find_parked(change.payload)
        return None if found is None else found.decode()
