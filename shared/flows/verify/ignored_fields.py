"""Ignored fields: documents without the fields that may differ."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from shared.domain.sink import Documents, Expected, Held, Outcome, Write
from shared.values.change import Row


class Ignoring:
    """The documents of one table; nothing is written through it."""

    def __init__(self, documents: Documents, fields: Sequence[str]) -> None:
        self._documents, self._fields = documents, frozenset(fields)

    @property
    def id_columns(self) -> tuple[str, ...]:
        return self._documents.id_columns

    def expected(self, row: Row, fields: dict[str, Any] | None = None) -> Expected:
        one = self._documents.expected(row, fields)
        return msgspec.structs.replace(one, body=self._without(one.body))

    def key_of(self, id: str) -> list[Any] | None:
        return self._documents.key_of(id)

    def get(self, ids: Sequence[str]) -> dict[str, Held]:
        found = self._documents.get(ids)
        return {
            id: msgspec.structs.replace(one, body=self._without(one.body))
            for id, one in found.items()
        }

    def newest(self, ids: Sequence[str]) -> int:
        return self._documents.newest(ids)

    def scan(self) -> Iterator[Held]:
        return self._documents.scan()

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        raise AssertionError("a comparison that ignores fields repairs nothing")

    def _without(self, body: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in body.items() if name not in self._fields}
