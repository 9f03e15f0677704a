"""What is remembered of each consumer: marks, the backfill under way, its deletions and done messages, the last verify."""

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from shared.adapters.state.contract import Mark, Run
from shared.adapters.state.dynamodb.table import ConditionFailed, Item, StateTable
from shared.adapters.state.memory import another_run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

KEEP_SECONDS = 90 * 86_400
"""What a run leaves behind when `end_run` is killed half-way expires by the table's TTL attribute `expires`; far longer than any backfill."""


class DynamoConsumers:
    """Consumers in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def marks(self, consumer: str, groups: list[str]) -> tuple[dict[str, Mark], str]:
        keys = [(_pk(consumer), "run"), *((_pk(consumer, group), "mark") for group in groups)]
        found = self._table.get_many(keys)
        marks = {group: _mark(found.get((_pk(consumer, group), "mark"))) for group in groups}
        return marks, found.get((_pk(consumer), "run"), {}).get("id", "")

    def advance(self, consumer: str, group: str, seen: Mark, to: Mark) -> bool:
        values: Item = {":seq": to.seq, ":count": to.count}
        names = {"#count": "count"}
        condition = "attribute_not_exists(seq)"
        if seen != Mark():
            condition = "seq = :seen AND #count = :counted"
            values |= {":seen": seen.seq, ":counted": seen.count}
        try:
            self._table.update(_pk(consumer, group), "mark", "SET seq = :seq, #count = :count", values, condition, names)
        except ConditionFailed as failed:
            return _mark(failed.item) == to  # our own write whose reply was lost
        return True

    def run(self, consumer: str) -> Run | None:
        item = self._table.get(_pk(consumer), "run")
        return msgspec.json.decode(item["run"], type=Run) if item else None

    def save_run(self, consumer: str, run: Run) -> None:
        item = {"pk": _pk(consumer), "sk": "run", "id": run.id, "run": msgspec.json.encode(run).decode()}
        try:
            self._table.put(item, "attribute_not_exists(pk) OR id = :id", {":id": run.id})
        except ConditionFailed:
            other = self._table.get(_pk(consumer), "run") or {}
            raise another_run(consumer, other.get("id", "just ended")) from None

    def end_run(self, consumer: str, run_id: str) -> None:
        # The run first: from then on nobody adds to what is swept.
        with suppress(ConditionFailed):  # gone, or another run by now
            self._table.delete(_pk(consumer), "run", "id = :id", {":id": run_id})
        self._table.write_many(delete=[(item["pk"], item["sk"]) for item in self._table.query(_pk(consumer, run_id))])

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

    def deletions(self, consumer: str, run_id: str, addresses: list[str] | None = None) -> dict[str, int]:
        pk, prefix = _pk(consumer, run_id), "deletion#"
        if addresses is None:
            items = list(self._table.query(pk, prefix))
        else:
            items = list(self._table.get_many([(pk, prefix + address) for address in dict.fromkeys(addresses)]).values())
        return {item["sk"].removeprefix(prefix): item["seq"] for item in items}

    def mark_done(self, consumer: str, run_id: str, message_ids: list[str]) -> None:
        expires = int(time.time()) + KEEP_SECONDS
        self._table.write_many(
            put=[{"pk": _pk(consumer, run_id), "sk": f"done#{each}", "expires": expires} for each in dict.fromkeys(message_ids)]
        )

    def count_done(self, consumer: str, run_id: str) -> int:
        return self._table.count(_pk(consumer, run_id), "done#")

    def done(self, consumer: str, run_id: str, message_ids: list[str]) -> set[str]:
        pk, prefix = _pk(consumer, run_id), "done#"
        found = self._table.get_many([(pk, prefix + each) for each in dict.fromkeys(message_ids)])
        return {sk.removeprefix(prefix) for _, sk in found}

    def save_report(self, consumer: str, report: dict[str, Any]) -> None:
        self._table.put({"pk": _pk(consumer), "sk": "verify", "report": msgspec.json.encode(report).decode()})

    def report(self, consumer: str) -> dict[str, Any] | None:
        item = self._table.get(_pk(consumer), "verify")
        return msgspec.json.decode(item["report"], type=dict[str, Any]) if item else None


def _pk(consumer: str, part: str = "") -> str:
    return f"consumer#{consumer}#{part}" if part else f"consumer#{consumer}"


def _mark(item: Item | None) -> Mark:
    return Mark(seq=item["seq"], count=item["count"]) if item and "seq" in item else Mark()
