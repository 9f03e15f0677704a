"""Versioned item: one value of a consumer, replaced as a whole from the version that was seen."""

from typing import Generic, TypeVar

import msgspec

from shared.adapters.state.dynamodb.item import Item
from shared.adapters.state.dynamodb.state_table import ConditionFailed, StateTable, consumer_key
from shared.values.gate import Gate
from shared.values.index_pair import IndexPairs

T = TypeVar("T", Gate, IndexPairs)


class VersionedItem(Generic[T]):
    """The items below one sort key.

    body, version: the attributes that hold the value, as JSON text, and its version.
    empty: the value where there is no item.
    """

    def __init__(self, sk: str, body: str, version: str, empty: T) -> None:
        self._sk, self._body, self._version = sk, body, version
        self._empty: T = empty

    def of(self, item: Item | None) -> T:
        """The value in an item."""
        if not item or self._body not in item:
            return self._empty
        value: T = msgspec.json.decode(item[self._body], type=type(self._empty))
        return value

    def read(self, table: StateTable, consumer: str) -> T:
        return self.of(table.get(consumer_key(consumer), self._sk))

    def write(self, table: StateTable, consumer: str, value: T) -> T | None:
        """See `Gates.write`."""
        stored = msgspec.structs.replace(value, version=value.version + 1)
        body = msgspec.json.encode(stored).decode()
        values: Item = {":body": body, ":next": stored.version}
        condition = f"attribute_not_exists({self._version})"
        if value.version:
            values[":seen"] = value.version
            condition = f"{self._version} = :seen"
        update = f"SET {self._body} = :body, {self._version} = :next"
        try:
            table.update(consumer_key(consumer), self._sk, update, values, condition)
        except ConditionFailed as failed:  # or our own write, its reply lost
            return stored if self.of(failed.item) == stored else None
        return stored
