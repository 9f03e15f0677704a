"""Gate transitions: when a gate closes by itself, and when it opens again.

Pure: each function makes of a gate that was read the gate to write.
"""

from msgspec.structs import replace

from shared.domain.probe_schedule import SHORTEST_MS, wait_ms
from shared.values.gate import Cause, Gate

CLOSE_AFTER_MS = 15_000
"""A gate closes when no batch was taken well for this long: longer than a sink needs to answer
again after a short pause.
"""

FLAPPING_MS = 600_000
"""A gate that closes again so soon after a probe opened it keeps its long waits."""

REASON_CHARACTERS = 300


def after_batch(
    gate: Gate,
    took: bool | None,
    now_ms: int,
    reason: str = "",
    oldest_ms: int = 0,
    *,
    is_pressed: bool = False,
) -> Gate | None:
    """The gate after a batch; None when it stays as it is.

    took: whether the sink took anything; None when it was not asked.
    is_pressed: the sink had no room for much of it.
    """
    if took is None or not gate.is_open:
        return None
    if took and not is_pressed:
        return replace(gate, suspect_ms=0) if gate.suspect_ms else None
    if not gate.suspect_ms:
        return replace(gate, suspect_ms=now_ms)
    if now_ms - gate.suspect_ms < CLOSE_AFTER_MS:
        return None
    return closed(gate, "overload" if took else "outage", reason, now_ms, oldest_ms)


def closed(gate: Gate, cause: Cause, reason: str, now_ms: int, oldest_ms: int = 0) -> Gate:
    """The gate closed by itself, with its first probe planned."""
    again = gate.opened_ms and now_ms - gate.opened_ms < FLAPPING_MS
    probes = gate.probes if again else 0
    return replace(
        gate,
        cause=cause,
        reason=reason[:REASON_CHARACTERS],
        since_ms=now_ms,
        oldest_ms=oldest_ms,
        suspect_ms=0,
        probes=probes,
        next_ms=now_ms + wait_ms(probes, cause),
    )


def failed_again(gate: Gate, reason: str) -> Gate:
    """The gate after a probe that failed."""
    return replace(gate, reason=reason[:REASON_CHARACTERS] or gate.reason)


def pressed_again(gate: Gate, reason: str, now_ms: int) -> Gate:
    """The gate after a probe that the sink took, but had no room for much of.

    After an outage that is progress: the waits need not be long any more.
    """
    if gate.cause != "outage":
        return failed_again(gate, reason)
    next_ms = min(gate.next_ms, now_ms + SHORTEST_MS)
    return replace(failed_again(gate, reason), cause="overload", next_ms=next_ms)


def opened(gate: Gate, now_ms: int) -> Gate:
    """The gate after a probe that passed. How often it was tried is kept, against flapping."""
    return replace(forgotten(gate), opened_ms=now_ms, probes=gate.probes, to_park=gate.to_park)


def resumed(gate: Gate, now_ms: int) -> Gate:
    """The gate after somebody resumed the consumer.

    If it closed for refusals, and nobody paused it, it opens: a person has judged the refusals. A
    probe cannot tell single poison changes from a broken mapping where they are the first ones of
    their groups and `ordering: every-change` lets nothing pass them.

    If it closed by itself for another reason, it stays so, and a probe is due at once: whoever
    repaired the sink need not wait for up to half an hour.
    """
    if gate.cause == "refusals" and not gate.paused:
        return opened(gate, now_ms)
    next_ms = min(gate.next_ms, now_ms) if gate.cause else gate.next_ms
    return replace(gate, paused="", paused_ms=0, next_ms=next_ms)


def forgotten(gate: Gate) -> Gate:
    """The gate as of a new consumer; whether it is paused or off stays."""
    return Gate(
        paused=gate.paused, paused_ms=gate.paused_ms, off_ms=gate.off_ms, version=gate.version
    )


def as_deployed(gate: Gate, enabled: bool, now_ms: int) -> Gate:
    """The gate as the stanza wants it now; the watch stores since when it is off."""
    if enabled == (not gate.off_ms):
        return gate
    return replace(gate, off_ms=0 if enabled else now_ms)


def passes(cause: Cause, taken: int, refused: int, unasked: int = 0) -> bool:
    """Whether a probe's batch opens a gate.

    taken, refused: changes that the sink took and refused. A refusal is an answer of a sink that
    works. But a gate that closed for its refusals opens only when most are taken.
    unasked: changes that were refused before the sink. They say nothing about the sink.
    """
    return taken > refused + unasked if cause == "refusals" else taken + refused > 0
