"""Index documents: the documents of one table in its index, for comparing and repairing."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from shared.adapters.search.contract import Action, Search
from shared.domain.captured_tables import CapturedTable
from shared.domain.sink import Expected, Held, Outcome, Write
from shared.flows.consume.sinks.elasticsearch.bulk_work import outcome_of_result
from shared.flows.consume.sinks.elasticsearch.document_id import decode_id
from shared.flows.consume.sinks.elasticsearch.layout import Layout
from shared.flows.consume.sinks.elasticsearch.unmappable_row import UnmappableRow
from shared.values.change import Row
from shared.values.json_text import decode_json, encode_json

_decoder = msgspec.json.Decoder(dict[str, Any])
_INTEGERS = frozenset(("tinyint", "smallint", "mediumint", "int", "bigint", "bit", "year"))


class IndexDocuments:
    """The documents of one table."""

    def __init__(
        self, layout: Layout, search: Search, table: CapturedTable, place: str = ""
    ) -> None:
        self._layout, self._search, self._captured = layout, search, table
        self._alias = place or layout.alias(table.table.database, table.table.name)
        # A document id is made of these; the same columns find the row of an id, unless a mask
        # hides them.
        self.id_columns = layout.shape.id or table.key
        columns = {column.name: column for column in table.table.columns}
        left = {column.name: column for column in table.plan.table.columns}
        self._kinds = [
            columns[name].kind
            for name in self.id_columns
            if name in columns and columns[name] == left.get(name)
        ]

    def expected(self, row: Row, fields: dict[str, Any] | None = None) -> Expected:
        key, id = [row.get(column) for column in self.id_columns], ""
        left, shape = self._captured.plan.project(row), self._layout.shape
        try:
            id = shape.row_id(left, self._captured.key)
            made = shape.body(left) if fields is None else fields
            body = decode_json(encode_json(made), _decoder)
        except UnmappableRow as error:
            return Expected(id, key, {}, error.what)
        return Expected(id, key, body)

    def key_of(self, id: str) -> list[Any] | None:
        if len(self._kinds) < len(self.id_columns):
            return None
        texts = decode_id(id, len(self.id_columns))
        if texts is None:
            return None
        try:
            return [_value(kind, text) for kind, text in zip(self._kinds, texts, strict=True)]
        except ValueError:
            return None

    def get(self, ids: Sequence[str]) -> dict[str, Held]:
        found = self._search.get(self._alias, list(ids))
        return {id: Held(id, each.version, each.body) for id, each in found.items()}

    def newest(self, ids: Sequence[str]) -> int:
        return max(self._search.versions(self._alias, list(ids)).values(), default=0)

    def scan(self) -> Iterator[Held]:
        for each in self._search.scan(self._alias):
            yield Held(each.id, each.version, {})

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        table = self._captured.plan.table
        self._search.ensure_index(self._alias, self._layout.definition(table))
        results = self._search.bulk(
            [Action(self._alias, each.id, each.version, each.body) for each in writes]
        )
        return [outcome_of_result(result) for result in results]


def _value(kind: str, text: str) -> Any:
    if kind in _INTEGERS:
        return int(text)
    if kind in ("float", "double"):
        return float(text)
    return text
