"""Probe schedule: when, and how often, the sink behind a closed gate is tried.

Pure: each function makes of a gate that was read the gate to write.
"""

from msgspec.structs import replace

from shared.values.gate import Cause, Gate

FIRST_PROBE_MS, SHORTEST_MS, LONGEST_MS = 30_000, 60_000, 1_800_000
"""The wait before the first probe, and the shortest and longest wait between two later ones."""

SOON_MS = 10_000
"""A probe that got nothing to try is repeated after this long."""


def wait_ms(probes: int, cause: Cause = "outage") -> int:
    """How long after this number of probes the next one is due: it doubles.

    Not for a sink that is overloaded: it works, and perhaps the consumer alone is too much for it.
    """
    if probes == 0:
        return FIRST_PROBE_MS
    return (
        SHORTEST_MS if cause == "overload" else min(LONGEST_MS, SHORTEST_MS << min(probes - 1, 10))
    )


def probe_is_due(gate: Gate, now_ms: int) -> bool:
    """Whether somebody should try the sink now."""
    return is_tried(gate) and gate.next_ms <= now_ms


def is_tried(gate: Gate) -> bool:
    """Whether probes of it are planned: it closed by itself, and nobody wants it closed."""
    return bool(gate.cause) and not gate.paused and not gate.off_ms


def probing(gate: Gate, now_ms: int) -> Gate:
    """The gate as it is written before a probe starts, so that a lost one costs a wait only."""
    probes = gate.probes + 1
    return replace(gate, probes=probes, next_ms=now_ms + wait_ms(probes, gate.cause))


def untried(gate: Gate, now_ms: int) -> Gate:
    """The gate after a probe that got nothing to try: it does not count."""
    return replace(gate, probes=max(0, gate.probes - 1), next_ms=now_ms + SOON_MS)
