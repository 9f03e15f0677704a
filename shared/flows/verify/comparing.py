"""Comparing: the document that a row should be, and what a held one has otherwise."""

from collections.abc import Sequence
from typing import Any

import msgspec

from shared.adapters.search.contract import Document
from shared.domain.captured_tables import CapturedTable
from shared.values.change import Row
from shared.values.document import DocumentError, Shape, decode_id
from shared.values.index import alias_of
from shared.values.settings import ConsumerSettings

_INTEGERS = frozenset(("tinyint", "smallint", "mediumint", "int", "bigint", "bit", "year"))


class Expected(msgspec.Struct, frozen=True):
    """What a row should look like in the index: the body after a JSON round trip, as Elasticsearch
    returns it. `key` finds the row again.
    """

    id: str
    key: list[Any]
    body: dict[str, Any]


class Comparison:
    """One table of a consumer and its index."""

    def __init__(self, consumer: ConsumerSettings, captured: CapturedTable) -> None:
        self.captured, self.alias = (
            captured,
            alias_of(consumer, captured.table.database, captured.table.name),
        )
        self._shape = Shape.of(consumer)
        # What the document id is made of: the same columns find the row of an id, unless a mask
        # hides them.
        self.id_columns = self._shape.id or captured.key
        columns = {column.name: column for column in captured.table.columns}
        left = {column.name: column for column in captured.plan.table.columns}
        self._kinds = [
            columns[name].kind
            for name in self.id_columns
            if name in columns and columns[name] == left.get(name)
        ]

    def expected(self, row: Row) -> Expected | None:
        """The document of a row as it is read; None for a row that cannot be one (a null in its
        id): the consumer sets it aside.
        """
        left = self.captured.plan.project(row)
        try:
            id = self._shape.row_id(left, self.captured.key)
            body = msgspec.json.decode(msgspec.json.encode(self._shape.body(left)))
        except DocumentError:
            return None
        return Expected(id, [row[column] for column in self.id_columns], body)

    def key_of(self, id: str) -> list[Any] | None:
        """The values of `id_columns` in a document id; None when it cannot be read back (hashed,
        masked, or not made by a consumer).
        """
        if len(self._kinds) < len(self.id_columns):
            return None
        texts = decode_id(id, len(self.id_columns))
        if texts is None:
            return None
        try:
            return [_value(kind, text) for kind, text in zip(self._kinds, texts, strict=True)]
        except ValueError:
            return None


def differing_fields(body: dict[str, Any], held: dict[str, Any]) -> list[str]:
    """The fields that are not the same, or only on one side."""
    nothing = object()
    return sorted(
        field
        for field in body.keys() | held.keys()
        if body.get(field, nothing) != held.get(field, nothing)
    )


def first_sight(expected: Sequence[Expected], held: dict[str, Document]) -> list[Expected]:
    """Those whose document is missing or other."""
    return [
        one
        for one in expected
        if (document := held.get(one.id)) is None or document.body != one.body
    ]


def _value(kind: str, text: str) -> Any:
    if kind in _INTEGERS:
        return int(text)
    if kind in ("float", "double"):
        return float(text)
    return text
