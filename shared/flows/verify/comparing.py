"""Comparing: the documents that the rows of a table should be, and how a held one differs."""

from collections.abc import Sequence
from typing import Any

from shared.domain.captured_tables import CapturedTable
from shared.domain.sink import Documents, Expected, Held, Listable
from shared.flows.verify.ignored_fields import Ignoring


class Comparison:
    """One table of a consumer, and its documents in the sink.

    place: another place than the consumer's; empty for that. ignore: fields that may differ.
    """

    def __init__(
        self, sink: Listable, captured: CapturedTable, place: str = "", ignore: Sequence[str] = ()
    ) -> None:
        self.captured = captured
        documents = sink.documents(captured, place)
        self.documents: Documents = Ignoring(documents, ignore) if ignore else documents


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
