"""Candidate: a document that may differ from its row, and how it does."""

from typing import Any

import msgspec

from shared.domain.sink import Expected, Held
from shared.flows.verify.comparing import Comparison, differing_fields, unlike
from shared.values.difference import Difference

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


def differs(one: Candidate) -> bool:
    """Whether the document is not what the row says."""
    return one.rows > 1 or unlike(one.expected, one.held)


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
