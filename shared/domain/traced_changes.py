"""Traced changes: how a segment lists the changes of its message."""

from collections.abc import Iterable
from typing import Any

import msgspec

MOST_BYTES = 40_000
"""Of a list: a segment document has at most 64 KiB. Source: X-Ray developer guide, "AWS X-Ray
segment documents".
"""


class TracedChange(msgspec.Struct, frozen=True, array_like=True):
    """A change in a segment.

    key: the hash of its row's key.
    read_ms: when the relay had read it. 0: not told.
    outcome: what became of it in a consumer: as `shared.domain.sink.Outcome` says, `duplicate`
        where it was seen before, `waiting` where it was not tried. reason: why, without values.
    """

    id: str
    seq: int
    op: str
    key: str
    ts_ms: int
    read_ms: int = 0
    outcome: str = ""
    reason: str = ""


def listed(changes: Iterable[TracedChange]) -> dict[str, Any]:
    """The details of a segment that has these changes; `more` counts those that found no room."""
    room, kept, more = MOST_BYTES, [], 0
    for change in changes:
        room -= len(change.id) + len(change.reason) + 80
        if room < 0:
            more += 1
        else:
            kept.append(change)
    return {"changes": kept, "more": more}


def changes_of(details: dict[str, Any]) -> list[TracedChange]:
    """The changes that a segment lists. Raises msgspec.ValidationError."""
    return msgspec.convert(details.get("changes", []), list[TracedChange])
