"""How a moment is printed: in UTC, and as `--where since=` reads it."""

import time


def moment(unix_ms: int) -> str:
    """`2026-11-27T05:52:00Z`; a hyphen for none."""
    if not unix_ms:
        return "-"
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(unix_ms / 1000))
