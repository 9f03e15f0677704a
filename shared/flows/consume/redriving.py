"""Redriving: carries out a redrive command, under the lock of the rows' message group."""

import time
from collections.abc import Callable, Sequence

import msgspec

from shared.adapters.claims.contract import Claims
from shared.adapters.state.redriven import Redriving as Redriven
from shared.adapters.state.state import State
from shared.domain.sink import Outcome
from shared.flows.consume.applying import Applying
from shared.flows.consume.batch import Opened, Piece
from shared.flows.consume.batch_rows import BatchRows
from shared.flows.consume.tally import Consumed
from shared.values.delivery import Delivery
from shared.values.errors import RowlineError
from shared.values.message import decode, plain
from shared.values.parked import ParkedChange
from shared.values.redrive_command import RedriveCommand, decode_command, is_command
from shared.values.settings import ConsumerSettings

PORTION = 100
"""Changes that are applied, and then recorded, at a time."""

RESERVE_SECONDS = 15.0
"""No portion begins when less time is left: it may take one time-out of the sink."""

_WORST = ("filtered", "superseded", "applied", "refused", "failed")


class Attempt(msgspec.Struct):
    """A parked change that is applied again. opened: None when its payload has expired."""

    parked: ParkedChange
    opened: Opened | None

    @property
    def outcome(self) -> Outcome:
        """The worst of its pieces; `failed` for one that the sink was not asked about."""
        if self.opened is None:
            return Outcome("refused", "payload: has expired")
        outcomes = [piece.outcome or Outcome("failed") for piece in self.opened.pieces]
        return max(outcomes, key=lambda one: _WORST.index(one.kind), default=Outcome("filtered"))


class RedriveRuntime:
    """Applies or drops the parked changes that commands name.

    Killed at any point, the next delivery of the command goes on with what is still parked: a
    change's outcome is noted before the change is forgotten.
    """

    def __init__(
        self,
        consumer: ConsumerSettings,
        applying: Applying,
        state: State,
        claims: Claims,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._consumer, self._wants = consumer.name, consumer
        self._applying, self._claims = applying, claims
        self._parked, self._redriven, self._jobs = state.parked, state.redriven, state.jobs
        self._done, self._clock = state.done_messages, clock

    def carry_out(
        self,
        deliveries: Sequence[Delivery],
        run: str,
        time_left: Callable[[], float],
        consumed: Consumed,
    ) -> tuple[list[Delivery], list[Delivery]]:
        """Carry out the commands of a batch; returns the other deliveries, and those that wait.

        A command that follows a change waits for the next delivery, with everything behind it:
        only then is it certain what became of that change. So does a group whose command failed.
        """
        others: list[Delivery] = []
        waiting: list[Delivery] = []
        groups: dict[str, list[Delivery]] = {}
        for delivery in deliveries:
            groups.setdefault(delivery.group, []).append(delivery)
        for members in groups.values():
            at = 0
            while at < len(members) and (command := _command(members[at])):
                try:
                    done = self.run(members[at], command, run, time_left, consumed)
                except RowlineError as error:
                    consumed.reasons[f"redrive: {error}"] = 1
                    done = False
                if not done:
                    break
                at += 1
            rest = members[at:]
            cut = next((n for n, one in enumerate(rest) if _command(one)), len(rest))
            others += rest[:cut]
            waiting += rest[cut:]
        return others, waiting

    def run(
        self,
        delivery: Delivery,
        command: RedriveCommand,
        run: str,
        time_left: Callable[[], float],
        consumed: Consumed,
    ) -> bool:
        """Carry out a command; returns whether it is done.

        run: the id of the backfill under way. A command of a job that is over does nothing. Raises
        StateUnavailable, StackError; the same command may then come again.
        """
        job = self._jobs.current(self._consumer, "redrive")
        if job is None or job.id != command.job:
            return True
        tried: set[str] = set()
        while True:
            left = [
                change
                for change in self._parked.of_group(self._consumer, delivery.group)
                if change.id in command.rows.get(change.row, ()) and change.id not in tried
            ]
            if not left:
                self._tidy(delivery.group)
                self._done.note(self._consumer, command.job, [delivery.deduplication_id])
                return True
            if time_left() < RESERVE_SECONDS and tried:
                return False
            portion = left[:PORTION]
            tried |= {change.id for change in portion}
            if command.action == "drop":
                self._settle(command, [], dict.fromkeys(portion, "dropped"))
            elif not self._apply(delivery, command, portion, run, time_left, consumed):
                return False

    def _apply(
        self,
        delivery: Delivery,
        command: RedriveCommand,
        portion: Sequence[ParkedChange],
        run: str,
        time_left: Callable[[], float],
        consumed: Consumed,
    ) -> bool:
        """Apply some changes and record what became of them; False when one failed."""
        attempts = [Attempt(change, self._open(delivery, change)) for change in portion]
        opened = [one.opened for one in attempts if one.opened is not None]
        rows = BatchRows(self._consumer, self._parked, frozenset([delivery.group]))
        rows.read_group(delivery.group)
        self._applying.apply(opened, run, time_left, rows)
        rows.take_outcomes({delivery.group: opened})
        rows.save()
        outcomes: dict[ParkedChange, Redriven] = {}
        again: list[ParkedChange] = []
        for attempt in attempts:
            outcome, change = attempt.outcome, attempt.parked
            if outcome.kind == "failed":
                consumed.reasons[outcome.without_values] = (
                    consumed.reasons.get(outcome.without_values, 0) + 1
                )
                continue
            if attempt.opened is None:
                outcomes[change] = "expired"
            elif outcome.kind == "refused":
                outcomes[change] = "again"
                again.append(self._tried(change, outcome))
            else:
                outcomes[change] = "applied" if outcome.kind == "applied" else "superseded"
                consumed.applied += outcome.kind == "applied"
                consumed.superseded += outcome.kind != "applied"
        self._settle(command, again, outcomes)
        return len(outcomes) == len(attempts)

    def _tried(self, change: ParkedChange, outcome: Outcome) -> ParkedChange:
        """The change after another attempt in vain; its first failure stays."""
        return msgspec.structs.replace(
            change,
            attempts=change.attempts + 1,
            tried_ms=int(self._clock() * 1000),
            last=outcome.reason[:2_000],
        )

    def _settle(
        self,
        command: RedriveCommand,
        again: Sequence[ParkedChange],
        outcomes: dict[ParkedChange, Redriven],
    ) -> None:
        """Note outcomes first, then forget what is not parked any more."""
        named = {change.id: outcome for change, outcome in outcomes.items()}
        self._redriven.note(self._consumer, command.job, named)
        for change in again:
            self._parked.update(self._consumer, change)
        gone = [
            change for change, outcome in outcomes.items() if outcome not in ("again", "expired")
        ]
        self._parked.remove(self._consumer, gone)
        for change in gone:
            if change.payload:
                self._claims.discard(change.payload)

    def _tidy(self, group: str) -> None:
        """Forget the items of rows that have nothing parked any more."""
        token = self._parked.flags(self._consumer).get(group, "")
        rows = self._parked.rows_of(self._consumer, group)
        held = {change.row for change in self._parked.of_group(self._consumer, group)}
        self._parked.remove_rows(self._consumer, [row for row in rows if row.row not in held])
        if not held and not self._parked.rows_of(self._consumer, group):
            self._parked.unflag(self._consumer, group, token)

    def _open(self, delivery: Delivery, change: ParkedChange) -> Opened | None:
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
        if not self._wants.wants(message.database, message.table):  # not any more
            pieces = []
        return Opened(delivery, message, "redrive", pieces)

    def _body(self, change: ParkedChange) -> str | None:
        if not change.payload:
            return self._parked.body(self._consumer, change)
        found = self._claims.find_parked(change.payload)
        return None if found is None else found.decode()


def _command(delivery: Delivery) -> RedriveCommand | None:
    """The command of a delivery; None for any other message, which is handled as one."""
    if not is_command(delivery.attributes):
        return None
    try:
        return decode_command(delivery.body)
    except RowlineError:
        return None
