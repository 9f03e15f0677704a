"""The marks of a consumer: one item a table."""

from typing import TYPE_CHECKING

from shared.adapters.state.dynamodb.item import Item
from shared.adapters.state.dynamodb.table import ConditionFailed, StateTable, consumer_key
from shared.values.mark import Mark

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoMarks:
    """Marks in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def read(self, consumer: str, groups: list[str]) -> tuple[dict[str, Mark], str]:
        tables = dict.fromkeys(_place(group)[0] for group in groups)
        found = self._table.get_many(
            [
                (consumer_key(consumer), "run"),
                *((consumer_key(consumer, table), "mark") for table in tables),
            ]
        )
        marks = {}
        for group in groups:
            table, shard = _place(group)
            marks[group] = _mark(found.get((consumer_key(consumer, table), "mark")), shard)
        return marks, found.get((consumer_key(consumer), "run"), {}).get("id", "")

    def advance(self, consumer: str, moves: dict[str, tuple[Mark, Mark]]) -> set[str]:
        tables: dict[str, list[str]] = {}
        for group in moves:
            tables.setdefault(_place(group)[0], []).append(group)
        refused = set()
        for groups in tables.values():
            if self._move(consumer, groups, moves):
                continue
            # One of them is not as it was seen; the others must not suffer from that.
            refused |= {group for group in groups if not self._move(consumer, [group], moves)}
        return refused

    def _move(self, consumer: str, groups: list[str], moves: dict[str, tuple[Mark, Mark]]) -> bool:
        """Move marks of one table, all or none, in one write: each condition is on the group's own
        attributes, so batches of other groups do not collide.
        """
        values: Item = {}
        sets, conditions = [], []
        for n, group in enumerate(groups):
            shard = _place(group)[1]
            seen, to = moves[group]
            values |= {f":s{n}": to.seq, f":c{n}": to.count}
            sets.append(f"seq{shard} = :s{n}, count{shard} = :c{n}")
            if seen == Mark():
                conditions.append(f"attribute_not_exists(seq{shard})")
            else:
                values |= {f":ss{n}": seen.seq, f":cc{n}": seen.count}
                conditions.append(f"seq{shard} = :ss{n} AND count{shard} = :cc{n}")
        try:
            self._table.update(
                consumer_key(consumer, _place(groups[0])[0]),
                "mark",
                "SET " + ", ".join(sets),
                values,
                " AND ".join(conditions),
            )
        except ConditionFailed as failed:  # or our own write whose reply was lost
            return all(_mark(failed.item, _place(group)[1]) == moves[group][1] for group in groups)
        return True


def _place(group: str) -> tuple[str, str]:
    """(table, shard) of a group: its id is `TABLE-SHARD`, see shared/values/shard.py."""
    table, _, shard = group.rpartition("-")
    return table, shard


def _mark(item: Item | None, shard: str) -> Mark:
    return (
        Mark(seq=item[f"seq{shard}"], count=item[f"count{shard}"])
        if item and f"seq{shard}" in item
        else Mark()
    )
