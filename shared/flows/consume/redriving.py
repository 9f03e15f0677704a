"""Redriving: carries out a redrive command, under the lock of the rows' message group."""

import time
from collections.abc import Callable, Sequence

import msgspec

from shared.adapters.claims.contract import Claims
from shared.adapters.state.redriven import Redriving as Redriven
from shared.adapters.state.state import State
from shared.domain.sink import Outcome
from shared.flows.consume.applying import Applying
from shared.flows.consume.batch_rows import BatchRows
from shared.flows.consume.payloads import Attempt, Payloads
from shared.flows.consume.tally import Consumed
from shared.values.delivery import Delivery
from shared.values.errors import RowlineError
from shared.values.parked import ParkedChange
from shared.values.redrive_command import RedriveCommand, decode_command, is_command
from shared.values.row_key import WHOLE_GROUP
from shared.values.settings import ConsumerSettings

PORTION = 100
"""Changes that are applied, and then recorded, at a time."""

RESERVE_SECONDS = 15.0
"""No portion begins when less time is left: it may take one time-out of the sink."""


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
        self._consumer, self._settings = consumer.name, consumer
        self._payloads = Payloads(consumer, state.parked, claims)
        self._last: Redriven = "again"
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
        if self._settings.closes_rows and command.action == "apply":
            if not self._in_order(delivery, command, run, time_left, consumed):
                return False
            self._finish(delivery, command)
            return True
        tried: set[str] = set()
        while True:
            left = [
                change
                for change in self._parked.of_group(self._consumer, delivery.group)
                if change.id in command.rows.get(change.row, ()) and change.id not in tried
            ]
            if not left:
                self._finish(delivery, command)
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
        attempts = [Attempt(change, self._payloads.open(delivery, change)) for change in portion]
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
        self._last = next(iter(outcomes.values()), "again")
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

    def _in_order(
        self,
        delivery: Delivery,
        command: RedriveCommand,
        run: str,
        time_left: Callable[[], float],
        consumed: Consumed,
    ) -> bool:
        """Apply all that is parked of the named rows, from the head; False: it must go on later.

        A refusal ends its row. A truncation waits until nothing older of its group is parked, and
        everything newer waits for the truncation.
        """
        ended: set[str] = set()
        waiting: list[ParkedChange] = []
        older = False
        for change in self._parked.of_group(self._consumer, delivery.group):
            whole = change.row == WHOLE_GROUP
            if WHOLE_GROUP in ended or (whole and older) or change.row in ended:
                ended.add(change.row)
                waiting.append(change)
                older = True
            elif not whole and change.row not in command.rows:
                older = True
            elif time_left() < RESERVE_SECONDS or not self._apply(
                delivery, command, [change], run, time_left, consumed
            ):
                return False
            elif self._last in ("again", "expired"):
                ended.add(change.row)
                older = True
        named = [one.id for one in waiting if one.id in command.rows.get(one.row, ())]
        self._redriven.note(self._consumer, command.job, dict.fromkeys(named, "again"))
        return True

    def _finish(self, delivery: Delivery, command: RedriveCommand) -> None:
        self._tidy(delivery.group)
        self._done.note(self._consumer, command.job, [delivery.deduplication_id])

    def _tidy(self, group: str) -> None:
        """Forget the items of rows that have nothing parked any more."""
        token = self._parked.flags(self._consumer).get(group, "")
        rows = self._parked.rows_of(self._consumer, group)
        held = {change.row for change in self._parked.of_group(self._consumer, group)}
        self._parked.remove_rows(self._consumer, [row for row in rows if row.row not in held])
        if not held and not self._parked.rows_of(self._consumer, group):
            self._parked.unflag(self._consumer, group, token)


def _command(delivery: Delivery) -> RedriveCommand | None:
    """The command of a delivery; None for any other message, which is handled as one."""
    if not is_command(delivery.attributes):
        return None
    try:
        return decode_command(delivery.body)
    except RowlineError:
        return None
