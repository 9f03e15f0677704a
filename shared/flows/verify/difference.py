"""Difference: whether a document is what its row says, and how it is not."""

from typing import Any, Literal

import msgspec

from shared.domain.sink import Expected, Held
from shared.flows.verify.comparing import Comparison, differing_fields

Kind = Literal["missing", "extra", "different", "shared", "refused"]
REPAIRABLE = ("missing", "extra", "different")


class Candidate(msgspec.Struct, eq=False):
    """A document id of a table that may differ.

    key: finds its row; None: only a walk through the table would.
    rows: how many rows have this id.
    sight: what was last seen.
    """

    comparison: Comparison
    id: str
    key: list[Any] | None
    expected: Expected | None = None
    held: Held | None = None
    rows: int = 0
    sight: tuple[Any, ...] | None = None


class Difference(msgspec.Struct, frozen=True):
    """A document that is not what its row says.

    kind: `missing`; `extra`, there is no row; `different` in `fields`; `shared`, several rows have
        this id, so one document cannot show them; `refused`, its row cannot be a document.
    reason: why it was refused.
    """

    table: str
    id: str
    kind: Kind
    fields: list[str] = []
    reason: str = ""


def differs(one: Candidate) -> bool:
    """Whether the document is not what the row says."""
    if one.rows > 1 or (one.expected and one.expected.refused):
        return True
    if one.expected is None or one.held is None:
        return (one.expected is None) != (one.held is None)
    return one.expected.body != one.held.body


def difference(one: Candidate) -> Difference:
    """What is wrong with a candidate that differs."""
    table = one.comparison.captured.name
    if one.rows > 1:
        return Difference(table, one.id, "shared")
    if one.expected is None:
        return Difference(table, one.id, "extra")
    if one.expected.refused:
        return Difference(table, one.id, "refused", reason=one.expected.refused)
    if one.held is None:
        return Difference(table, one.id, "missing")
    fields = differing_fields(one.expected.body, one.held.body)
    return Difference(table, one.id, "different", fields)
