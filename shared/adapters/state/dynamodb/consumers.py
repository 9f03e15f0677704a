"""What is remembered of each consumer: marks, the backfill under way, its deletions and done
messages, the last verify.
"""

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from shared.adapters.state.contract import Mark, Run, another_run
from shared.adapters.state.dynamodb.table import ConditionFailed, Item, StateTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

KEEP_SECONDS = 90 * 86_400
"""What a run leaves behind when `end_run` is killed half-way expires by the table's TTL attribute
`expires`; far longer than any backfill.
"""

_FILLED = "filled#"


class DynamoConsumers:
    """Consumers in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def marks(self, consumer: str, groups: list[str]) -> tuple[dict[str, Mark], str]:
        tables = dict.fromkeys(_place(group)[0] for group in groups)
        found = self._table.get_many(
            [(_pk(consumer), "run"), *((_pk(consumer, table), "mark") for table in tables)]
        )
        marks = {}
        for group in groups:
            table, shard = _place(group)
            marks[group] = _mark(found.get((_pk(consumer, table), "mark")), shard)
        return marks, found.get((_pk(consumer), "run"), {}).get("id", "")

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
                _pk(consumer, _place(groups[0])[0]),
                "mark",
                "SET " + ", ".join(sets),
                values,
                " AND ".join(conditions),
            )
        except ConditionFailed as failed:  # or our own write whose reply was lost
            return all(_mark(failed.item, _place(group)[1]) == moves[group][1] for group in groups)
        return True

    def run(self, consumer: str) -> Run | None:
        item = self._table.get(_pk(consumer), "run")
        return msgspec.json.decode(item["run"], type=Run) if item else None

    def save_run(self, consumer: str, run: Run) -> None:
        item = {
            "pk": _pk(consumer),
            "sk": "run",
            "id": run.id,
            "run": msgspec.json.encode(run).decode(),
        }
        try:
            self._table.put(item, "attribute_not_exists(pk) OR id = :id", {":id": run.id})
        except ConditionFailed:
            other = self._table.get(_pk(consumer), "run") or {}
            raise another_run(consumer, other.get("id", "just ended")) from None

    def end_run(self, consumer: str, run_id: str) -> None:
        # The run first: from then on nobody adds to what is swept.
        with suppress(ConditionFailed):  # gone, or another run by now
            self._table.delete(_pk(consumer), "run", "id = :id", {":id": run_id})
        self._table.write_many(
            delete=[(item["pk"], item["sk"]) for item in self._table.query(_pk(consumer, run_id))]
        )

    def record_deletions(self, consumer: str, run_id: str, deletions: dict[str, int]) -> None:
        for address, seq in deletions.items():
            try:
                self._table.update(
                    _pk(consumer, run_id),
                    f"deletion#{address}",
                    "SET seq = :seq, expires = :expires",
                    {":seq": seq, ":expires": int(time.time()) + KEEP_SECONDS},
                    "attribute_not_exists(seq) OR seq < :seq",
                )
            except ConditionFailed:
                continue  # a later deletion stands there

    def deletions(
        self, consumer: str, run_id: str, addresses: list[str] | None = None
    ) -> dict[str, int]:
        pk, prefix = _pk(consumer, run_id), "deletion#"
        if addresses is None:
            items = list(self._table.query(pk, prefix))
        else:
            items = list(
                self._table.get_many(
                    [(pk, prefix + address) for address in dict.fromkeys(addresses)]
                ).values()
            )
        return {item["sk"].removeprefix(prefix): item["seq"] for item in items}

    def mark_done(self, consumer: str, run_id: str, message_ids: list[str]) -> None:
        expires = int(time.time()) + KEEP_SECONDS
        self._table.write_many(
            put=[
                {"pk": _pk(consumer, run_id), "sk": f"done#{each}", "expires": expires}
                for each in dict.fromkeys(message_ids)
            ]
        )

    def done(self, consumer: str, run_id: str, message_ids: list[str]) -> set[str]:
        pk, prefix = _pk(consumer, run_id), "done#"
        found = self._table.get_many([(pk, prefix + each) for each in dict.fromkeys(message_ids)])
        return {sk.removeprefix(prefix) for _, sk in found}

    def save_filled(self, consumer: str, tables: dict[str, str]) -> None:
        self._table.write_many(
            put=[
                {"pk": _pk(consumer), "sk": f"{_FILLED}{table}", "transaction": each}
                for table, each in tables.items()
            ]
        )

    def filled(self, consumer: str) -> dict[str, str]:
        return {
            item["sk"].removeprefix(_FILLED): item["transaction"]
            for item in self._table.query(_pk(consumer), _FILLED)
        }

    def save_report(self, consumer: str, report: dict[str, Any]) -> None:
        self._table.put(
            {"pk": _pk(consumer), "sk": "verify", "report": msgspec.json.encode(report).decode()}
        )

    def report(self, consumer: str) -> dict[str, Any] | None:
        item = self._table.get(_pk(consumer), "verify")
        return msgspec.json.decode(item["report"], type=dict[str, Any]) if item else None


def _pk(consumer: str, part: str = "") -> str:
    return f"consumer#{consumer}#{part}" if part else f"consumer#{consumer}"


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
