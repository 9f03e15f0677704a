"""Stopped: why a table of a stream is not captured, and when capture is tried again."""

import msgspec

from shared.values.settings import TableSettings

AGAIN_MS = 60_000
_DOUBLINGS = 6
FORGOTTEN_MS = 86_400_000
"""A table that has been captured again for a day begins with a short wait the next time."""


class Stopped(msgspec.Struct, frozen=True, omit_defaults=True):
    """A table that stopped alone; the stream continues with its other tables.

    what: what is in the way, as the predicate of a sentence about the table.
    fix: what to do about it.
    at_ms: when it stopped, Unix ms.
    tries: how often capture failed at a row, one time shortly after another.
    resumed_ms: when capture began again (0: the table is stopped).
    placed: how its rows were placed when it was last captured; None: it never was, or not known.
    """

    what: str
    fix: str
    at_ms: int
    tries: int = 0
    resumed_ms: int = 0
    placed: TableSettings | None = None

    @property
    def retry_ms(self) -> int:
        """When capture may be tried again: a failure at a row doubles the wait, to an hour."""
        if not self.tries:
            return self.at_ms
        return self.at_ms + (AGAIN_MS << min(self.tries - 1, _DOUBLINGS))

    def resumed(self, now_ms: int) -> "Stopped | None":
        """What is remembered once the table is captured again; None when it was long ago."""
        if self.resumed_ms and now_ms - self.resumed_ms > FORGOTTEN_MS:
            return None
        return self if self.resumed_ms else msgspec.structs.replace(self, resumed_ms=now_ms)
