"""Gate: whether a consumer may work now."""

from typing import Literal

import msgspec

Cause = Literal["", "outage", "overload", "refusals", "errors"]
"""Why a gate closed by itself: the sink took nothing; it had no room for much of what it got; it
refused most of it; the consumer's function failed in every run. Empty while it is open.
"""


class Gate(msgspec.Struct, frozen=True, omit_defaults=True):
    """The gate of a consumer. Closed, its function gives everything back and touches no sink.

    paused: who paused the consumer; empty: nobody. paused_ms: when, Unix ms.
    off_ms: since when its stanza has switched it off, Unix ms; 0: it has not.
    cause: why it closed by itself; empty: it did not. since_ms: when it did.
    reason: what the sink or the function said, without row values.
    oldest_ms: commit time of the oldest change that failed when it closed; 0: not known.
    suspect_ms: since when no batch was taken well, while it is still open; 0: all is well.
    probes: the number of probes since it closed. next_ms: when the next one is due.
    opened_ms: when a probe last opened it.
    to_park: ids of changes that a person wants parked → who.
    version: grows with each write.
    """

    paused: str = ""
    paused_ms: int = 0
    off_ms: int = 0
    cause: Cause = ""
    since_ms: int = 0
    reason: str = ""
    oldest_ms: int = 0
    suspect_ms: int = 0
    probes: int = 0
    next_ms: int = 0
    opened_ms: int = 0
    to_park: dict[str, str] = {}
    version: int = 0

    @property
    def is_open(self) -> bool:
        """Whether the consumer may work."""
        return not self.paused and not self.cause and not self.off_ms

    @property
    def needs_somebody(self) -> bool:
        """Whether it is closed, and not because the stanza says so."""
        return not self.is_open and not self.off_ms

    @property
    def closed_ms(self) -> int:
        """Since when it has been closed, Unix ms; 0 while it is open."""
        times = (self.paused_ms, self.since_ms, self.off_ms)
        return min((ms for ms in times if ms), default=0)
