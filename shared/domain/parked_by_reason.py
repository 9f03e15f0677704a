"""Parked by reason: the parked changes of a consumer by the reason that they share."""

from collections.abc import Iterable

import msgspec

from shared.values.parked_change import ParkedChange


class ParkedReason(msgspec.Struct, frozen=True):
    """Parked changes of one table that were refused for one reason.

    reason: without row values. joined: how many only follow a refused change of their row.
    first_ms, last_ms: when the first and the last of them was parked, Unix ms.
    attempts: the most attempts that one of them had.
    sample: one of them.
    """

    table: str
    reason: str
    count: int
    joined: int
    first_ms: int
    last_ms: int
    attempts: int
    sample: ParkedChange


def by_reason(changes: Iterable[ParkedChange]) -> list[ParkedReason]:
    """The reasons of these changes, the largest first."""
    groups: dict[tuple[str, str], list[ParkedChange]] = {}
    for change in changes:
        groups.setdefault((change.table, change.reason), []).append(change)
    found = [
        ParkedReason(
            table,
            reason,
            len(members),
            sum(one.joined for one in members),
            min(one.parked_ms for one in members),
            max(one.parked_ms for one in members),
            max(one.attempts for one in members),
            min(members, key=lambda one: (one.parked_ms, one.seq)),
        )
        for (table, reason), members in groups.items()
    ]
    return sorted(found, key=lambda one: (-one.count, one.table, one.reason))
