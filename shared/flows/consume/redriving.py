"""Redriving: carries out a redrive command, under the lock of the rows' message group."""

import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.adapters.claims.contract import Claims
from shared.adapters.state.redriven import RedriveOutcome
from shared.adapters.state.state import State
from shared.domain.empty_rows import forget_empty_rows
from shared.flows.consume.applying import Applying
from shared.flows.consume.batch_rows import BatchRows
from shared.flows.consume.consumed import Consumed
from shared.flows.consume.expired_payloads import ExpiredPayloads
from shared.flows.consume.payloads import Attempt, Payloads
from shared.flows.consume.redrive_kill_guard import RedriveGuard
from shared.flows.consume.redrive_outcomes import STAYS, RedriveOutcomes
from shared.values.delivery import Delivery
from shared.values.errors import RowlineError
from shared.values.parked_change import ParkedChange
from shared.values.redrive_command import RedriveCommand, decode_command, is_command
from shared.values.row_key import WHOLE_GROUP
from shared.values.settings import ConsumerSettings


@dataclass(frozen=True)
class _Carried:
    """One delivery of a command, in one invocation. run: id of the backfill under way."""

    delivery: Delivery
    command: RedriveCommand
    run: str
    time_left: Callable[[], float]
    consumed: Consumed


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
        version: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._consumer, self._settings = consumer.name, consumer
        self._payloads = Payloads(consumer, state.parked, claims)
        self._guard = RedriveGuard(consumer.name, state.groups_in_hand, version)
        self._expired = ExpiredPayloads(consumer, state.parked, state.dues)
        self._last: RedriveOutcome = "again"
        self._applying = applying
        self._parked, self._redriven, self._jobs = state.parked, state.redriven, state.jobs
        self._outcomes = RedriveOutcomes(consumer.name, state, claims, clock)
        self._done = state.done_messages

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
        self._guard.start(time_left)
        others: list[Delivery] = []
        waiting: list[Delivery] = []
        groups: dict[str, list[Delivery]] = {}
        for delivery in deliveries:
            groups.setdefault(delivery.group, []).append(delivery)
        for members in groups.values():
            at = 0
            while at < len(members) and (command := _command(members[at])):
                try:
                    done = self._run(_Carried(members[at], command, run, time_left, consumed))
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

    def _run(self, carried: _Carried) -> bool:
        """Carry out a command; returns whether it is done.

        A command of a job that is over does nothing. Raises StateUnavailable, StackError; the same
        command may then come again.
        """
        delivery, command = carried.delivery, carried.command
        job = self._jobs.current(self._consumer, "redrive")
        if job is None or job.id != command.job:
            if delivery.attempt > 1:  # it may have been killed before it had tidied up
                forget_empty_rows(self._parked, self._consumer, delivery.group)
            return True
        self._guard.begin(delivery, command)
        in_order = self._settings.closes_rows and command.action == "apply"
        carry = self._in_order if in_order else self._in_portions
        try:
            done = carry(carried)
        except RowlineError:
            with contextlib.suppress(RowlineError):
                self._guard.end(done=False)
            raise
        if done:
            self._finish(delivery, command)
        self._guard.end(done=done)
        return done

    def _in_portions(self, carried: _Carried) -> bool:
        """Apply or drop the named changes; False: the command must come again."""
        delivery, command = carried.delivery, carried.command
        tried = self._outcomes.staying(command.job) if self._guard.alone else set[str]()
        left = deque(
            change
            for change in self._parked.of_group(self._consumer, delivery.group, command.seqs)
            if change.id in command.rows.get(change.row, ()) and change.id not in tried
        )
        while left:
            if not self._guard.has_time():
                return False
            some = [left.popleft() for _ in range(min(self._guard.portion, len(left)))]
            portion = self._parked.held(self._consumer, some)  # another holder may have been faster
            if not portion:
                continue
            if command.action == "drop":
                self._outcomes.note(command.job, [], dict.fromkeys(portion, "dropped"))
            elif not self._apply(carried, portion):
                return False
        return True

    def _apply(self, carried: _Carried, portion: Sequence[ParkedChange]) -> bool:
        """Apply some changes and record what became of them; False when one failed."""
        delivery, command, consumed = carried.delivery, carried.command, carried.consumed
        if why := self._guard.kills(portion[0]):
            self._outcomes.note(
                command.job,
                [self._outcomes.tried(portion[0], why, self._guard.attempts)],
                dict.fromkeys(portion, "again"),
            )
            self._last = "again"
            return True
        attempts = [Attempt(change, self._payloads.open(delivery, change)) for change in portion]
        opened = [one.opened for one in attempts if one.opened is not None]
        rows = BatchRows(self._consumer, self._parked, frozenset([delivery.group]))
        rows.read(opened)
        self._applying.apply(opened, carried.run, carried.time_left, rows)
        rows.take_outcomes({delivery.group: opened})
        rows.save()
        lost = [one.parked for one in attempts if one.opened is None]
        outcomes = self._expired.settle(command.job, lost)
        again: list[ParkedChange] = []
        for attempt in attempts:
            outcome, change = attempt.outcome, attempt.parked
            if outcome.kind == "failed":
                consumed.reasons[outcome.without_values] = (
                    consumed.reasons.get(outcome.without_values, 0) + 1
                )
                continue
            if attempt.opened is None:
                continue
            if outcome.kind == "refused":
                outcomes[change] = "again"
                again.append(self._outcomes.tried(change, outcome.reason))
            else:
                outcomes[change] = "applied" if outcome.kind == "applied" else "superseded"
                consumed.applied += outcome.kind == "applied"
                consumed.superseded += outcome.kind != "applied"
        self._outcomes.note(command.job, again, outcomes)
        self._last = next(iter(outcomes.values()), "again")
        return len(outcomes) == len(attempts)

    def _in_order(self, carried: _Carried) -> bool:
        """Apply all that is parked of the named rows, from the head; False: it must go on later.

        A refusal ends its row. A truncation waits until nothing older of its group is parked, and
        everything newer waits for the truncation.
        """
        delivery, command = carried.delivery, carried.command
        tried = self._outcomes.staying(command.job) if self._guard.alone else set[str]()
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
            elif change.id not in tried and (
                not self._guard.has_time() or not self._apply(carried, [change])
            ):
                return False
            elif change.id in tried or self._last in STAYS:
                ended.add(change.row)
                older = True
        named = [one.id for one in waiting if one.id in command.rows.get(one.row, ())]
        self._redriven.note(self._consumer, command.job, dict.fromkeys(named, "again"))
        return True

    def _finish(self, delivery: Delivery, command: RedriveCommand) -> None:
        # Each look reads the whole group. A row that stays closed would hold up its changes.
        if self._settings.closes_rows or not command.more:
            forget_empty_rows(self._parked, self._consumer, delivery.group)
        self._done.note(self._consumer, command.job, [delivery.deduplication_id])


def _command(delivery: Delivery) -> RedriveCommand | None:
    """The command of a delivery; None for any other message, which is handled as one."""
    if not is_command(delivery.attributes):
        return None
    try:
        return decode_command(delivery.body)
    except RowlineError:
        return None
