"""Dropped copy: stores parked changes once more before they are dropped."""

from collections.abc import Sequence

import msgspec

from shared.adapters.claims.contract import Claims
from shared.adapters.state.parked import Parked
from shared.values.parked_change import ParkedChange


def archive(
    claims: Claims, parked: Parked, consumer: str, name: str, changes: Sequence[ParkedChange]
) -> str:
    """Store changes with their payloads, a JSON object a line; returns the address.

    Raises StateUnavailable, StackError.
    """
    lines = []
    for change in changes:
        body: str | None
        if change.payload:
            found = claims.find_parked(change.payload)
            body = None if found is None else found.decode()
        else:
            body = parked.body(consumer, change)
        lines.append(msgspec.json.encode({"parked": change, "body": body}))
    return claims.archive(f"{name}.jsonl", b"\n".join(lines) + b"\n")
