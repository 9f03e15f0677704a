"""Pulse: when the watch function last ran, and which run of it is under way."""

import msgspec


class Subscribed(msgspec.Struct, frozen=True):
    """A consumer's subscription: its filter, and since when the watch has seen it, Unix ms."""

    filter: str
    since_ms: int


class Count(msgspec.Struct, frozen=True, omit_defaults=True):
    """A count that may take several runs: the last whole one, and the one under way.

    after: the place up to which the one under way has come; empty: none is.
    """

    whole: int = 0
    so_far: int = 0
    after: str = ""

    @property
    def least(self) -> int:
        """How many there are at least, as far as is known."""
        return max(self.whole, self.so_far)


class Look(msgspec.Struct, frozen=True, omit_defaults=True):
    """A look at all groups with parked rows, which may take several runs.

    after: the group up to which it has come; empty: it has not begun.
    thorough: it compares all rows. others: how many looks since the last thorough one.
    """

    after: str = ""
    thorough: bool = False
    others: int = 0


class Timeout(msgspec.Struct, frozen=True, omit_defaults=True):
    """The time-out of a consumer's function, as the watch has seen it.

    seconds: of invocations that begin now.
    former: of those that may have begun before a deployment. until_ms: they have ended then.
    """

    seconds: int
    former: int = 0
    until_ms: int = 0

    def changed(self, seconds: int, now_ms: int) -> "Timeout":
        """After a deployment that was over by now."""
        former = self.longest(now_ms)
        if former <= seconds:
            return Timeout(seconds)
        return Timeout(seconds, former, now_ms + former * 1000)

    def longest(self, now_ms: int) -> int:
        """The longest time-out of an invocation that may be under way."""
        return max(self.seconds, self.former if now_ms < self.until_ms else 0)


class Memory(msgspec.Struct, omit_defaults=True):
    """What the watch remembers from run to run, by consumer.

    failing: since when its function fails in every run, Unix ms.
    unsubscribed: since when its subscription is not as it was deployed, Unix ms.
    subscribed: its subscription, as it was seen last.
    behind: the cause for which its tables were noted as due last, since it was closed for long.
    timeouts: the time-out of its function.
    parked: how many of its changes are parked. rows: how far the look at its rows has come.
    """

    failing: dict[str, int] = {}
    behind: dict[str, str] = {}
    unsubscribed: dict[str, int] = {}
    subscribed: dict[str, Subscribed] = {}
    timeouts: dict[str, Timeout] = {}
    parked: dict[str, Count] = {}
    rows: dict[str, Look] = {}


class Pulse(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last run of a stage's watch.

    at_ms: when a run last ended, Unix ms; 0: none has.
    problems: task → why it failed in that run.
    memory: as that run left it.
    """

    at_ms: int = 0
    problems: dict[str, str] = {}
    memory: Memory = msgspec.field(default_factory=Memory)
