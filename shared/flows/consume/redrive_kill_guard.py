"""Redrive kill guard: decides whether a redrive command may begin another change.

A command needs time for it. A command whose function was killed begins its changes one by one, each
after a record that names it, until the change that kills the function is known. When the sink
hangs, every change kills. So before the third try of one, another one must be taken.
"""

import time
from collections.abc import Callable

import msgspec

from shared.adapters.state.groups_in_hand import GroupsInHand
from shared.flows.consume.killing_change import AFTER_WITNESS, FULL, KILLED, KILLS
from shared.flows.consume.witness import WITNESSES, hashed
from shared.values.counted import counted
from shared.values.delivery import Delivery
from shared.values.group_in_hand import GroupInHand
from shared.values.parked_change import ParkedChange
from shared.values.redrive_command import RedriveCommand

PORTION = 100
"""Changes that are applied, and then recorded, at a time."""

RESERVE_SECONDS = 15.0
"""No portion begins when less time is left: it may take one time-out of the sink. Half the time
where a function has less.
"""


LONGEST_MS = 600_000
"""This long after a command was received first, its changes are not given up without a proof. Until
then the gate of a function that only fails has closed.
"""

UNANSWERED = "Unanswered:"
"""Begins the reason of a change that may have killed the function because the sink hung."""


class RedriveGuard:
    """The commands of one invocation after the other.

    version: of the function's code. clock: seconds since 1970.
    alone: the function was killed during the command, so its changes are begun one by one.
    took: the sink has taken a change in this invocation.
    attempts: how often a change that kills was begun.
    """

    def __init__(
        self,
        consumer: str,
        hands: GroupsInHand,
        version: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._consumer, self._hands, self._version = consumer, hands, version
        self._clock, self._is_old = clock, False
        self._time_left: Callable[[], float] = lambda: 0.0
        self._begun = self._noted = self.alone = self.took = False
        self._counts = True
        self._group = self._command = ""
        self._before = GroupInHand()
        self._earlier = self.attempts = self._killed = 0
        self._reserve = self._total = self._last = 0.0

    def start(self, time_left: Callable[[], float], *, counts: bool = True) -> None:
        """An invocation starts, which may begin at least one portion.

        counts: whether a kill is held against its change. A probe tries a sink that may hang.
        """
        self._time_left, self._begun, self._counts, self.took = time_left, False, counts, False
        left = self._total = self._last = time_left()
        self._reserve = min(RESERVE_SECONDS, left / 2)

    def begin(self, delivery: Delivery, command: RedriveCommand) -> None:
        """Note that a command begins. One that is received for the first time costs nothing.

        A drop does not reach the sink. Raises StateUnavailable, StackError.
        """
        self._group, self._command = delivery.group, delivery.deduplication_id
        self.alone = self._noted = False
        self._is_old = self._clock() * 1000 - delivery.first_received_ms >= LONGEST_MS
        if delivery.attempt <= 1 or command.action == "drop":
            return
        before = self._hands.read(self._consumer, [self._group]).get(self._group, GroupInHand())
        self.alone = before.change.startswith(f"{self._command}/")
        self._before, self._noted, self._killed = before, True, len(before.witnesses)
        whole = self.alone and not before.change.removeprefix(f"{self._command}/")
        self._earlier = before.attempts + 1 if whole else before.attempts if self.alone else 1
        if not self.alone:
            self._note("", GroupInHand(attempts=self._earlier))

    def end(self, *, done: bool) -> None:
        """The command has ended without a kill. One that is not done keeps the suspicion."""
        if self._noted and self.alone and not done:
            self._note("", GroupInHand(attempts=self._earlier))
        elif self._noted:
            self._hands.end(self._consumer, [self._group])

    @property
    def portion(self) -> int:
        """How many changes may be applied at a time."""
        return 1 if self.alone else PORTION

    def has_time(self) -> bool:
        """Whether another portion may begin: it may take twice as long as the last one."""
        left = self._time_left()
        took, self._last = self._last - left, left
        if self._begun and (left < self._reserve or (self.alone and left < 2 * took)):
            return False
        self._begun = True
        return True

    def needs_witness(self, change: ParkedChange) -> bool:
        """Whether another change must be taken before this one is begun."""
        before = self._known(change)
        proved = before.proved or self.took or _has_killed(change)
        unproved = self.alone and self._counts and not proved
        return unproved and before.tries == KILLS - 1 and len(before.witnesses) < WITNESSES

    def was_asked(self, change: ParkedChange, other: ParkedChange) -> bool:
        """Whether the other change was begun as a witness of this one already."""
        return hashed(other.id) in self._known(change).witnesses

    def ask(self, change: ParkedChange, other: ParkedChange) -> None:
        """Note that the other change is begun as a witness. Raises StateUnavailable, StackError."""
        before = self._known(change)
        asked = (*before.witnesses, hashed(other.id))
        self._note(change.id, msgspec.structs.replace(before, witnesses=asked))

    def kills(self, change: ParkedChange) -> str:
        """Why a change is not begun: it kills the function; else note that it is begun alone.

        Raises StateUnavailable, StackError.
        """
        if not self.alone:
            return ""
        before = self._known(change)
        known = _has_killed(change)
        counts = self._counts or known
        tries, proved = before.tries, before.proved or self.took or known
        ended = f"the function ended {counted(tries, 'time')} while it applied this change"
        self.attempts = tries + before.attempts
        if tries >= KILLS and before.proved:
            return f"{KILLED} {ended}"
        others = self._killed if tries == KILLS - 1 and not proved else 0
        if counts and (tries >= KILLS or others):
            if self._is_old:
                also = f", and {counted(others, 'time')} with others" if others else ""
                return f"{UNANSWERED} {ended}{also}. No other change shows that the sink works"
            before = GroupInHand(attempts=self.attempts)  # the count starts again
        enough = self._total * (AFTER_WITNESS if self.took else FULL)
        if counts and self._time_left() >= enough:
            began = msgspec.structs.replace(before, tries=before.tries + 1, proved=proved)
        else:  # it is not blamed for what others have used up
            began = msgspec.structs.replace(before, attempts=before.attempts + 1)
        self._note(change.id, began)
        return ""

    def _known(self, change: ParkedChange) -> GroupInHand:
        """What is noted of a change. What it did under another version counts as attempts."""
        before = self._before
        if before.change != f"{self._command}/{change.id}":
            return GroupInHand(attempts=self._earlier)
        if before.version != self._version:
            return GroupInHand(attempts=before.attempts)
        return before

    def _note(self, change: str, record: GroupInHand) -> None:
        name = f"{self._command}/{change}"
        self._before = msgspec.structs.replace(record, change=name, version=self._version)
        self._hands.begin(self._consumer, {self._group: self._before})


def _has_killed(change: ParkedChange) -> bool:
    """Whether it is parked because it killed the function. Then it needs no other change as proof.

    It is parked again at worst. Without this, the gate would close before a proof comes.
    """
    return change.message.startswith(KILLED)
