"""Redrive commands: carried out under the lock of the message group of their rows."""

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from shared.adapters.claims.contract import Claims
from shared.adapters.state.redriven import RedriveOutcome
from shared.adapters.state.state import State
from shared.domain.leftover_row_items import forget_leftover_items
from shared.flows.consume.applying import Applying, Tried
from shared.flows.consume.batch_result import Consumed
from shared.flows.consume.command_run import CommandRun, command_of
from shared.flows.consume.expired_payloads import ExpiredPayloads
from shared.flows.consume.parked_content import Attempt, Payloads
from shared.flows.consume.redrive_kill_guard import RedriveGuard
from shared.flows.consume.redrive_outcome_store import STAYS, RedriveOutcomes
from shared.flows.consume.redrive_witness import witness_among
from shared.flows.consume.row_items import RowItems
from shared.values.delivery import Delivery
from shared.values.errors import RowlineError
from shared.values.parked_change import ParkedChange
from shared.values.redrive_command import RedriveCommand
from shared.values.row_key import WHOLE_GROUP
from shared.values.settings import ConsumerSettings


class RedriveCommands:
    """Applies or drops the parked changes that commands name.

    Killed at any point, the next delivery of the command continues with the changes that are
    still parked: a change's outcome is noted before the change is forgotten.
    tried: what the sink took, and what failed, in this batch.
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
        self._guard = RedriveGuard(consumer.name, state.groups_in_hand, version, clock)
        self._expired = ExpiredPayloads(consumer, state.parked, state.dues)
        self._last: RedriveOutcome = "again"
        self._witnesses: dict[str, RedriveOutcome] = {}
        self._applying, self.tried = applying, Tried()
        self._parked, self._redriven, self._jobs = state.parked, state.redriven, state.jobs
        self._outcomes = RedriveOutcomes(consumer.name, state, claims, clock)
        self._done = state.done_messages

    def carry_out(
        self,
        deliveries: Sequence[Delivery],
        run: str,
        time_left: Callable[[], float],
        consumed: Consumed,
        *,
        probing: bool = False,
    ) -> tuple[list[Delivery], list[Delivery]]:
        """Carry out the commands of a batch; returns the other deliveries, and those that wait.

        A command that follows a change waits for the next delivery, with everything behind it:
        only then is it certain what became of that change. So does a group whose command failed.
        probing: the sink is in doubt. A kill is not held against the change that was begun, and
            commands wait for other messages: those show whether the sink works.
        """
        self._guard.start(time_left, counts=not probing)
        self.tried = Tried()
        others, waiting, groups = list[Delivery](), list[Delivery](), dict[str, list[Delivery]]()
        for delivery in deliveries:
            groups.setdefault(delivery.group, []).append(delivery)
        aside = probing and any(command_of(members[0]) is None for members in groups.values())
        for members in groups.values():
            at = 0
            while not aside and at < len(members) and (command := command_of(members[at])):
                try:
                    done = self._run(CommandRun(members[at], command, run, time_left, consumed))
                except RowlineError as error:
                    consumed.reasons[f"redrive: {error}"] = 1
                    done = False
                if not done:
                    break
                at += 1
            rest = members[at:]
            cut = next((n for n, one in enumerate(rest) if command_of(one)), len(rest))
            others += rest[:cut]
            waiting += rest[cut:]
        return others, waiting

    def _run(self, one: CommandRun) -> bool:
        """Carry out a command; returns whether it is done.

        A command of a job that is over does nothing. Raises StateUnavailable, StackError; the same
        command may then come again.
        """
        delivery, command = one.delivery, one.command
        job = self._jobs.current(self._consumer, "redrive")
        if job is None or job.id != command.job:
            if delivery.attempt > 1:  # it may have been killed before it had tidied up
                forget_leftover_items(self._parked, self._consumer, delivery.group)
            return True
        self._guard.begin(delivery, command)
        self._witnesses = {}
        in_order = self._settings.closes_rows and command.action == "apply"
        carry = self._in_order if in_order else self._in_portions
        try:
            done = carry(one)
        except RowlineError:
            with contextlib.suppress(RowlineError):
                self._guard.end(done=False)
            raise
        if done:
            self._finish(delivery, command)
        self._guard.end(done=done)
        return done

    def _in_portions(self, one: CommandRun) -> bool:
        """Apply or drop the named changes; False: the command must come again."""
        command, group = one.command, one.delivery.group
        tried = self._outcomes.staying(command.job) if self._guard.alone else set[str]()
        left = deque(
            change
            for change in self._parked.of_group(self._consumer, group, command.seqs)
            if change.id in command.rows.get(change.row, ()) and change.id not in tried
        )
        while left:
            if not self._guard.has_time():
                return False
            some = [left.popleft() for _ in range(min(self._guard.portion, len(left)))]
            some = [change for change in some if change.id not in self._witnesses]
            portion = self._parked.held(self._consumer, some)  # another holder may have been faster
            if not portion:
                continue
            if command.action == "drop":
                self._outcomes.note(command.job, [], dict.fromkeys(portion, "dropped"))
            elif not self._begin(one, portion, left):
                return False
        return True

    def _begin(
        self, one: CommandRun, portion: Sequence[ParkedChange], later: Iterable[ParkedChange]
    ) -> bool:
        """Apply some changes, unless the first one kills the function; False when one failed.

        later: changes of which one may be applied before, to show that the sink works.
        """
        change, later = portion[0], list(later) if self._guard.needs_witness(portion[0]) else []
        while self._guard.needs_witness(change):
            witness = witness_among(change, later, partial(self._guard.was_asked, change))
            if witness is None:
                break
            self._guard.ask(change, witness)
            if not self._apply(one, [witness]):
                return False
            self._witnesses[witness.id] = self._last
        if why := self._guard.kills(change):
            again = self._outcomes.tried(change, why, self._guard.attempts)
            self._outcomes.note(one.command.job, [again], dict.fromkeys(portion, "again"))
            self._last = "again"
            return True
        return self._apply(one, portion)

    def _apply(self, one: CommandRun, portion: Sequence[ParkedChange]) -> bool:
        """Apply some changes and record what became of them; False when one failed."""
        delivery, consumed = one.delivery, one.consumed
        attempts = [Attempt(change, self._payloads.open(delivery, change)) for change in portion]
        opened = [each.opened for each in attempts if each.opened is not None]
        rows = RowItems(self._consumer, self._parked, frozenset([delivery.group]))
        rows.read(opened)
        tried = self._applying.apply(opened, one.run, one.time_left, rows)
        self._guard.took = self._guard.took or bool(tried.took)
        # A change that is refused again says nothing new: it is parked.
        self.tried = self.tried.plus(tried._replace(refused=0, unasked=0))
        rows.take_outcomes({delivery.group: opened})
        rows.save()
        lost = [each.parked for each in attempts if each.opened is None]
        outcomes = self._expired.settle(one.command.job, lost)
        again: list[ParkedChange] = []
        for attempt in attempts:
            outcome, change = attempt.outcome, attempt.parked
            if outcome.kind == "failed":
                reason = outcome.without_values
                consumed.reasons[reason] = consumed.reasons.get(reason, 0) + 1
            elif attempt.opened is None:
                continue
            elif outcome.kind == "refused":
                outcomes[change] = "again"
                again.append(
                    self._outcomes.tried(
                        change, outcome.reason, stack=outcome.stack, content=attempt.content
                    )
                )
            else:
                outcomes[change] = outcome.kind
                consumed.applied += outcome.kind == "applied"
                consumed.superseded += outcome.kind == "superseded"
                consumed.filtered += outcome.kind == "filtered"
        self._outcomes.note(one.command.job, again, outcomes)
        self._last = next(iter(outcomes.values()), "again")
        return len(outcomes) == len(attempts)

    def _in_order(self, one: CommandRun) -> bool:
        """Apply all parked changes of the named rows in order; False: it must continue later.

        A refusal ends its row. A truncation waits until nothing older of its group is parked, and
        everything newer waits for the truncation.
        """
        command, group = one.command, one.delivery.group
        tried = self._outcomes.staying(command.job) if self._guard.alone else set[str]()
        ended: set[str] = set()
        waiting: list[ParkedChange] = []
        older = False
        every = list(self._parked.of_group(self._consumer, group))
        for at, change in enumerate(every):
            whole = change.row == WHOLE_GROUP
            if WHOLE_GROUP in ended or (whole and older) or change.row in ended:
                ended.add(change.row)
                waiting.append(change)
                older = True
                continue
            if not whole and change.row not in command.rows:
                older = True
                continue
            if change.id in self._witnesses:
                self._last = self._witnesses[change.id]
            elif change.id not in tried:
                wanted = command.rows.keys() - ended
                later = (each for each in every[at + 1 :] if each.row in {*wanted, WHOLE_GROUP})
                if not self._guard.has_time() or not self._begin(one, [change], later):
                    return False
            if change.id in tried or self._last in STAYS:
                ended.add(change.row)
                older = True
        named = [each.id for each in waiting if each.id in command.rows.get(each.row, ())]
        self._redriven.note(self._consumer, command.job, dict.fromkeys(named, "again"))
        return True

    def _finish(self, delivery: Delivery, command: RedriveCommand) -> None:
        # Each look reads the whole group. A row that stays closed would hold up its changes.
        if self._settings.closes_rows or not command.more:
            forget_leftover_items(self._parked, self._consumer, delivery.group)
        self._done.note(self._consumer, command.job, [delivery.deduplication_id])
