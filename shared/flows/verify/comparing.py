"""Comparing: the documents that the rows of a table should be, and how a held one differs."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.domain.captured_tables import CapturedTable
from shared.domain.sink import Documents, Expected, Held, Listable


class Comparison:
    """One table of a consumer, and its documents in the sink."""

    def __init__(self, sink: Listable, captured: CapturedTable) -> None:
        self.captured = captured
        self.documents: Documents = sink.documents(captured)


def differing_fields(body: dict[str, Any], held: dict[str, Any]) -> list[str]:
    """The fields that are not the same, or only on one side."""
    nothing = object()
    return sorted(
        field
        for field in body.keys() | held.keys()
        if body.get(field, nothing) != held.get(field, nothing)
    )


def first_sight(expected: Sequence[Expected], held: Mapping[str, Held]) -> list[Expected]:
    """Those whose document is missing or differs."""
    return [
        one
        for one in expected
        if one.refused or (document := held.get(one.id)) is None or document.body != one.body
    ]
