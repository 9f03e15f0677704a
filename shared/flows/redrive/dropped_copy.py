"""Dropped copy: parked changes are stored once more before they are dropped."""

from collections.abc import Iterator, Sequence

import msgspec

from shared.adapters.claims.contract import Claims
from shared.adapters.state.parked import Parked
from shared.values.parked_change import ParkedChange

PART_CHANGES, PART_BYTES = 200, 8_000_000
"""What one object holds: it is made in memory, and its payloads are read one by one."""


def copies(
    claims: Claims, parked: Parked, consumer: str, changes: Sequence[ParkedChange]
) -> Iterator[tuple[list[ParkedChange], bytes]]:
    """Changes, some at a time, and their copy with payloads: a JSON object a line.

    changes: perhaps without their stacks and messages, which the copy has. Raises
    StateUnavailable, StackError.
    """
    some, body = list[ParkedChange](), bytearray()
    for change, whole in _whole(parked, consumer, changes):
        line = msgspec.json.encode(
            {"parked": whole, "body": _body(claims, parked, consumer, change)}
        )
        if some and (len(some) == PART_CHANGES or len(body) + len(line) > PART_BYTES):
            yield some, bytes(body)
            some, body = [], bytearray()
        some.append(change)
        body += line + b"\n"
    if some:
        yield some, bytes(body)


def _whole(
    parked: Parked, consumer: str, changes: Sequence[ParkedChange]
) -> Iterator[tuple[ParkedChange, ParkedChange]]:
    """Each change, and as the state has it; as it is where somebody was faster."""
    for start in range(0, len(changes), PART_CHANGES):
        some = changes[start : start + PART_CHANGES]
        held = {each.id: each for each in parked.held(consumer, some)}
        yield from ((change, held.get(change.id, change)) for change in some)


def _body(claims: Claims, parked: Parked, consumer: str, change: ParkedChange) -> str | None:
    if not change.payload:
        return parked.body(consumer, change)
    found = claims.find_parked(change.payload)
    return None if found is None else found.decode()
