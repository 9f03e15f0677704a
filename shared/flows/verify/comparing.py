"""Comparing: the documents that the rows of a table should be, and how a held one differs."""

from typing import Any

from shared.domain.captured_tables import CapturedTable
from shared.domain.sink import Documents, Expected, Held, Listable


class Comparison:
    """One table of a consumer, and its documents in the sink."""

    def __init__(self, sink: Listable, captured: CapturedTable) -> None:
        self.captured = captured
        self.documents: Documents = sink.documents(captured)


def differing_fields(body: dict[str, Any], held: dict[str, Any]) -> list[str]:
    """The fields that are not the same. A field that is missing is as good as null.

    So a column that came later is missing in the documents of older rows, where it is NULL.
    """
    return sorted(
        field for field in body.keys() | held.keys() if body.get(field) != held.get(field)
    )


def unlike(expected: Expected | None, held: Held | None) -> bool:
    """Whether the document of an id is not the one that the row says."""
    if expected is None or held is None:
        return (expected is None) != (held is None)
    return bool(expected.refused or differing_fields(expected.body, held.body))
