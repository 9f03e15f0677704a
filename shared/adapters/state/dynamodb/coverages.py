"""The coverage of streams: an item a segment."""

import contextlib
from typing import TYPE_CHECKING

import msgspec

from shared.adapters.state.dynamodb.item import Item
from shared.adapters.state.dynamodb.state_table import ConditionFailed, StateTable
from shared.values.coverage import CoverageSegment
from shared.values.stream import source_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoCoverages:
    """Coverage in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def append(self, stream: str, segment: CoverageSegment) -> None:
        item: Item = {
            "pk": _pk(stream),
            "sk": f"{_prefix(stream)}{segment.start.number:010d}",
            "segment": msgspec.json.encode(segment).decode(),
        }
        with contextlib.suppress(ConditionFailed):  # it is there already
            self._table.put(item, "attribute_not_exists(pk)")

    def segments(self, stream: str) -> list[CoverageSegment]:
        return [_decode(item) for item in self._table.query(_pk(stream), _prefix(stream))]

    def last(self, stream: str) -> CoverageSegment | None:
        newest = self._table.query(_pk(stream), _prefix(stream), backwards=True, limit=1)
        return next((_decode(item) for item in newest), None)


def _pk(stream: str) -> str:
    return f"stream#{source_of(stream)}"


def _prefix(stream: str) -> str:
    return f"coverage#{stream.partition('/')[2]}#"


def _decode(item: Item) -> CoverageSegment:
    return msgspec.json.decode(item["segment"], type=CoverageSegment)
