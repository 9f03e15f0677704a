"""Redrive guard: decides whether a redrive command may begin another change.

A command needs time for it. A command whose function was killed begins its changes one by one, each
after a record that names it, until the change that kills the function is known.
"""

from collections.abc import Callable

from shared.adapters.state.groups_in_hand import GroupsInHand
from shared.flows.consume.suspect_group import FULL, KILLS
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


class RedriveGuard:
    """The commands of one invocation after the other. version: of the function's code.

    alone: the function was killed during the command, so its changes are begun one by one.
    attempts: how often a change that kills was begun.
    """

    def __init__(self, consumer: str, hands: GroupsInHand, version: str) -> None:
        self._consumer, self._hands, self._version = consumer, hands, version
        self._time_left: Callable[[], float] = lambda: 0.0
        self._begun = self._noted = self.alone = False
        self._group = self._command = ""
        self._before = GroupInHand()
        self._earlier = self.attempts = 0
        self._reserve = self._full = self._last = 0.0

    def start(self, time_left: Callable[[], float]) -> None:
        """An invocation starts, which may begin at least one portion."""
        self._time_left, self._begun = time_left, False
        left = self._last = time_left()
        self._reserve, self._full = min(RESERVE_SECONDS, left / 2), left * FULL

    def begin(self, delivery: Delivery, command: RedriveCommand) -> None:
        """Note that a command begins. One that is received for the first time costs nothing.

        A drop does not reach the sink. Raises StateUnavailable, StackError.
        """
        self._group, self._command = delivery.group, delivery.deduplication_id
        self.alone = self._noted = False
        if delivery.attempt <= 1 or command.action == "drop":
            return
        before = self._hands.read(self._consumer, [self._group]).get(self._group, GroupInHand())
        self.alone = before.change.startswith(f"{self._command}/")
        self._before, self._noted = before, True
        whole = self.alone and not before.change.removeprefix(f"{self._command}/")
        self._earlier = before.attempts + 1 if whole else before.attempts if self.alone else 1
        if not self.alone:
            self._note("", 0)

    def end(self, *, done: bool) -> None:
        """The command has ended without a kill. One that is not done keeps the suspicion."""
        if self._noted and self.alone and not done:
            self._note("", 0)
        elif self._noted:
            self._hands.end(self._consumer, [self._group])

    @property
    def portion(self) -> int:
        """So many changes may be applied at a time."""
        return 1 if self.alone else PORTION

    def has_time(self) -> bool:
        """Whether another portion may begin: it may take twice as long as the last one."""
        left = self._time_left()
        took, self._last = self._last - left, left
        if self._begun and (left < self._reserve or (self.alone and left < 2 * took)):
            return False
        self._begun = True
        return True

    def kills(self, change: ParkedChange) -> str:
        """Why a change is not begun: it kills the function; else note that it is begun alone."""
        if not self.alone:
            return ""
        same = (f"{self._command}/{change.id}", self._version)
        tries = self._before.tries if (self._before.change, self._before.version) == same else 0
        earlier = self._before.attempts if self._before.change == same[0] else self._earlier
        if tries >= KILLS:
            self.attempts = tries + earlier
            return f"Killed: the function ended {tries} times while it applied this change"
        if self._time_left() >= self._full:
            self._note(change.id, tries + 1, earlier)
        else:  # it is not blamed for what others have used up
            self._note(change.id, tries, earlier + 1)
        return ""

    def _note(self, change: str, tries: int, attempts: int | None = None) -> None:
        earlier = self._earlier if attempts is None else attempts
        name = f"{self._command}/{change}"
        self._before = GroupInHand(name, tries, self._version, attempts=earlier)
        self._hands.begin(self._consumer, {self._group: self._before})
