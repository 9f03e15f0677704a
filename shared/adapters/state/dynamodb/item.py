"""Item: an item of the state table as plain values, and as DynamoDB writes them."""

from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

Item = dict[str, Any]
"""Attribute name → value; numbers are int."""

_serialize, _deserialize = TypeSerializer().serialize, TypeDeserializer().deserialize


def typed(item: Item) -> dict[str, Any]:
    """As a request carries it."""
    return {name: _serialize(value) for name, value in item.items()}


def plain(raw: dict[str, Any]) -> Item:
    """From what a reply carries."""
    return {name: _value(_deserialize(each)) for name, each in raw.items()}


def _value(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) else value
