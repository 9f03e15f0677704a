"""The watch's pulse and lease: one item of the stage."""

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from shared.adapters.state.dynamodb.item import Item
from shared.adapters.state.dynamodb.state_table import ConditionFailed, StateTable
from shared.values.pulse import Pulse

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_KEY = ("watch", "pulse")


class DynamoPulses:
    """Pulses in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def begin(self, holder: str, now_ms: int, ends_ms: int) -> Pulse | None:
        try:
            item = self._table.update(
                *_KEY,
                "SET holder = :holder, ends_ms = :ends",
                {":holder": holder, ":ends": ends_ms, ":now": now_ms},
                "attribute_not_exists(ends_ms) OR ends_ms < :now",
            )
        except ConditionFailed as failed:
            if failed.item.get("holder") != holder:
                return None
            item = failed.item  # our own write, its reply lost
        return _pulse(item)

    def end(self, holder: str, pulse: Pulse) -> None:
        with suppress(ConditionFailed):
            self._table.update(
                *_KEY,
                "SET holder = :none, ends_ms = :zero, pulse = :pulse",
                {
                    ":none": "",
                    ":zero": 0,
                    ":pulse": msgspec.json.encode(pulse).decode(),
                    ":me": holder,
                },
                "holder = :me",
            )

    def read(self) -> Pulse:
        return _pulse(self._table.get(*_KEY) or {})


def _pulse(item: Item) -> Pulse:
    return msgspec.json.decode(item["pulse"], type=Pulse) if "pulse" in item else Pulse()
