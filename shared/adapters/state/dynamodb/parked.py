"""The parked changes of a consumer: one partition with a change, a payload and a row an item."""

import time
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from shared.adapters.state.dynamodb.item import Item
from shared.adapters.state.dynamodb.state_table import ConditionFailed, StateTable, consumer_key
from shared.adapters.state.parked import FlagsFull
from shared.values.errors import StackError
from shared.values.lifetimes import PARK_BUDGET_SECONDS
from shared.values.parked_change import ParkedChange, RowId, RowItem, token_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

FLAGS = "parked"
"""The sort key of the groups that may have parked rows; `Marks.read` reads it too."""

FLAG = "group "
"""The item has one attribute for each group, named by this and the group."""

_TOO_LARGE = "Item size"  # what DynamoDB says of an item above 400 KB begins so

FLAGS_AT_ONCE = 100
"""An update expression has 4 KB at most. Source: DynamoDB developer guide, "Service quotas"."""

BUDGET = "budget#"
"""The sort key of what was refused and parked in a minute."""

_encode = msgspec.json.encode
_change = msgspec.json.Decoder(ParkedChange)


class DynamoParked:
    """Parked in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def flag(self, consumer: str, groups: Collection[str]) -> None:
        every = sorted(groups)
        for start in range(0, len(every), FLAGS_AT_ONCE):
            some = every[start : start + FLAGS_AT_ONCE]
            names = {f"#g{n}": FLAG + group for n, group in enumerate(some)}
            sets = ", ".join(f"{name} = :token" for name in names)
            values = {":token": _token()}
            key = consumer_key(consumer)
            try:
                self._table.update(key, FLAGS, f"SET {sets}", values, names=names)
            except StackError as error:
                if _TOO_LARGE in error.what:
                    raise FlagsFull(consumer) from None
                raise

    def flags(self, consumer: str) -> dict[str, str]:
        return flags_of(self._table.get(consumer_key(consumer), FLAGS))

    def unflag(self, consumer: str, group: str, token: str) -> None:
        with suppress(ConditionFailed):
            self._table.update(
                consumer_key(consumer),
                FLAGS,
                "REMOVE #group",
                {":token": token},
                "#group = :token",
                {"#group": FLAG + group},
            )

    def rows(self, consumer: str, wanted: Collection[RowId]) -> dict[RowId, RowItem]:
        pk = _partition(consumer)
        found = self._table.get_many([(pk, _row_key(one)) for one in sorted(set(wanted))])
        rows = [_row(item) for item in found.values()]
        return {row.id: row for row in rows}

    def rows_of(self, consumer: str, group: str) -> list[RowItem]:
        found = self._table.query(_partition(consumer), f"row#{group}#")
        rows = [_row(item) for item in found]
        return [row for row in rows if row.group == group]

    def put_rows(self, consumer: str, rows: Sequence[RowItem]) -> None:
        for row in rows:
            condition = "attribute_not_exists(newest) OR newest <= :newest"
            self._store_row(consumer, row, condition, "", _token())

    def update_rows(self, consumer: str, rows: Sequence[RowItem]) -> None:
        for row in rows:
            with suppress(ConditionFailed):
                self._store_row(consumer, row, "newest <= :newest", "attribute_exists(pk)")

    def _store_row(
        self, consumer: str, row: RowItem, is_newer: str, otherwise: str, token: str = ""
    ) -> None:
        """Store a row; without a token the item keeps its own. ConditionFailed: neither holds."""
        place = _partition(consumer), _row_key(row.id)
        values: Item = {":mode": row.mode, ":group": row.group, ":row": row.row}
        values[":holds"] = row.holds
        sets = "SET #mode = :mode, #group = :group, #row = :row, holds = :holds"
        names = {"#mode": "mode", "#group": "group", "#row": "row"}  # reserved words
        if token:
            values[":token"], names["#token"] = token, "token"
            sets += ", #token = :token"
        newest = {":newest": row.newest}
        try:
            self._table.update(
                *place, f"{sets}, newest = :newest", values | newest, is_newer, names
            )
        except ConditionFailed:
            self._table.update(*place, sets, values, otherwise, names)

    def remove_rows(self, consumer: str, rows: Sequence[RowItem]) -> None:
        for row in rows:
            place = _partition(consumer), _row_key(row.id)
            with suppress(ConditionFailed):
                self._table.delete(
                    *place, "#token = :token", {":token": row.token}, {"#token": "token"}
                )

    def add(self, consumer: str, change: ParkedChange, body: str) -> bool:
        # First: a change whose payload is missing would be taken for one that has expired.
        self._put_payload(consumer, change, body)
        try:
            self._write(consumer, change, "attribute_not_exists(pk)")
        except ConditionFailed:
            return False
        # Again: another holder may have removed both in between.
        self._put_payload(consumer, change, body)
        return True

    def _put_payload(self, consumer: str, change: ParkedChange, body: str) -> None:
        if not change.payload:
            key = {"pk": _partition(consumer), "sk": _payload_key(change)}
            self._table.write_many(put=[{**key, "body": body, "expires": change.expires}])

    def update(self, consumer: str, change: ParkedChange) -> None:
        self._write(consumer, change, "")

    def count(self, consumer: str, minute: int, tried: int, refused: int) -> tuple[int, int]:
        values = {":tried": tried, ":refused": refused, ":expires": _later()}
        item = self._table.update(
            consumer_key(consumer),
            f"{BUDGET}{minute}",
            "SET expires = :expires ADD tried :tried, refused :refused",
            values,
        )
        return item["tried"], item["refused"]

    def take(self, consumer: str, minute: int, changes: int, limit: int) -> bool:
        if changes > limit:
            return False
        try:
            self._table.update(
                consumer_key(consumer),
                f"{BUDGET}{minute}",
                "SET expires = :expires ADD taken :changes",
                {":changes": changes, ":room": limit - changes, ":expires": _later()},
                "attribute_not_exists(taken) OR taken <= :room",
            )
        except ConditionFailed:
            return False
        return True

    def of_group(
        self, consumer: str, group: str, seqs: tuple[int, int] | None = None
    ) -> list[ParkedChange]:
        pk, prefix = _partition(consumer), f"change#{group}#"
        if seqs:
            first, last = (f"{prefix}{seq:020d}" for seq in seqs)
            found = self._table.between(pk, first, f"{last}$")  # the id follows a `#`, before `$`
        else:
            found = self._table.query(pk, prefix)
        changes = [_change.decode(item["change"]) for item in found]
        return [change for change in changes if change.group == group]

    def all(self, consumer: str) -> Iterator[ParkedChange]:
        for item in self._table.query(_partition(consumer), "change#"):
            yield _change.decode(item["change"])

    def held(self, consumer: str, changes: Sequence[ParkedChange]) -> list[ParkedChange]:
        pk = _partition(consumer)
        keys = [(pk, _change_key(change)) for change in changes]
        found = self._table.get_many(keys)
        return [_change.decode(found[key]["change"]) for key in keys if key in found]

    def count_some(self, consumer: str, after: str = "") -> tuple[int, str]:
        return self._table.count_page(_partition(consumer), "change#", after)

    def body(self, consumer: str, change: ParkedChange) -> str | None:
        item = self._table.get(_partition(consumer), _payload_key(change))
        # DynamoDB deletes an expired item within days. Source: DynamoDB developer guide, "Using
        # time to live (TTL) in DynamoDB".
        if item is None or item["expires"] <= time.time():
            return None
        return str(item["body"])

    def remove(self, consumer: str, changes: Sequence[ParkedChange]) -> None:
        pk = _partition(consumer)
        for key in (_change_key, _payload_key):  # a change never lacks its payload
            self._table.write_many(delete=[(pk, key(change)) for change in changes])

    def _write(self, consumer: str, change: ParkedChange, condition: str) -> None:
        values: Item = {":change": _encode(change).decode()}
        self._table.update(
            _partition(consumer), _change_key(change), "SET change = :change", values, condition
        )


def _token() -> str:
    return token_of(time.time_ns() // 1_000_000, uuid.uuid4().hex)


def _later() -> int:
    return int(time.time()) + PARK_BUDGET_SECONDS


def flags_of(item: Item | None) -> dict[str, str]:
    """Group → token, from the item of the flags."""
    names = (item or {}).items()
    return {name[len(FLAG) :]: token for name, token in names if name.startswith(FLAG)}


def _partition(consumer: str) -> str:
    return consumer_key(consumer, "parked")


def _row(item: Item) -> RowItem:
    return RowItem(
        item["group"],
        item["row"],
        item["mode"],
        item["newest"],
        item["token"],
        bool(item.get("holds")),  # an earlier version did not say
    )


def _row_key(row: RowId) -> str:
    return f"row#{row[0]}#{row[1]}"


def _change_key(change: ParkedChange) -> str:
    return f"change#{change.group}#{change.seq:020d}#{change.id}"


def _payload_key(change: ParkedChange) -> str:
    return f"payload#{change.id}"
