"""Event source mapping: when that of a consumer is on, which follows its gate."""

from shared.values.gate import Gate

SWITCHED_OFF_AFTER_MS = 240_000
"""A mapping is switched off when the gate has been closed for this long: about three probes."""


def takes_messages(gate: Gate, now_ms: int) -> bool:
    """Whether the event source mapping should be on.

    It stays on for a while after the gate closed: after a short outage, messages flow at once.
    """
    if gate.paused or gate.off_ms:
        return False
    return not gate.cause or now_ms - gate.since_ms < SWITCHED_OFF_AFTER_MS
