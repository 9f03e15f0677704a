"""Capture retry: when a stopped table is captured again, and for how long its failures count."""

import msgspec

from shared.values.stopped import Stopped

AGAIN_MS = 60_000
_DOUBLINGS = 6
FORGOTTEN_MS = 86_400_000
"""A table that has been captured again for a day begins with a short wait the next time."""


def capture_again_ms(stopped: Stopped) -> int:
    """When capture may be tried again, Unix ms: a failure at a row doubles the wait, to an hour."""
    if not stopped.tries:
        return stopped.at_ms
    return stopped.at_ms + (AGAIN_MS << min(stopped.tries - 1, _DOUBLINGS))


def after_resuming(stopped: Stopped, now_ms: int) -> Stopped | None:
    """What is remembered once the table is captured again; None when that was long ago."""
    if stopped.resumed_ms and now_ms - stopped.resumed_ms > FORGOTTEN_MS:
        return None
    return stopped if stopped.resumed_ms else msgspec.structs.replace(stopped, resumed_ms=now_ms)
