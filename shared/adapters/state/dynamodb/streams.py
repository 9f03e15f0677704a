"""Lease and checkpoint of each stream: one item, every write of a holder fenced by its token."""

from typing import TYPE_CHECKING, Any

import msgspec

from shared.adapters.state.dynamodb.item import Item
from shared.adapters.state.dynamodb.state_table import ConditionFailed, StateTable
from shared.values.checkpoint import Checkpoint, read_checkpoint
from shared.values.errors import LeaseLost
from shared.values.relay_lease import Holdings, Lease

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_NAMES = {"#token": "token"}  # a reserved word of DynamoDB's expressions


class DynamoStreams:
    """Streams in a DynamoDB table.

    A reply that was lost, and asked for again by the client, never makes a holder believe that it
    lost the lease.
    """

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def load(self, stream: str) -> tuple[Lease, Checkpoint | None]:
        item = self._table.get(*_key(stream)) or {}
        return _lease(item), _checkpoint(item)

    def acquire(self, stream: str, seen: Lease, holder: str) -> Lease | None:
        try:
            item = self._table.update(
                *_key(stream),
                "SET #token = :next, beat = :beat, holder = :holder, wanted = :none, ends_ms = "
                ":zero, figures = :figures",
                {
                    ":next": seen.token + 1,
                    ":beat": seen.beat + 1,
                    ":holder": holder,
                    ":none": "",
                    ":zero": 0,
                    ":figures": "{}",
                }
                | ({":token": seen.token, ":seen": seen.beat} if seen.token or seen.beat else {}),
                "#token = :token AND beat = :seen"
                if seen.token or seen.beat
                else "attribute_not_exists(beat)",
                _NAMES,
            )
        except ConditionFailed as failed:
            item = failed.item
            if (item.get("token"), item.get("holder")) != (seen.token + 1, holder):
                return None
        return _lease(item)

    def renew(self, stream: str, lease: Lease, checkpoint: Checkpoint | None) -> Lease:
        return self._write(stream, lease, checkpoint, lease.holder, lease.ends_ms)

    def release(self, stream: str, lease: Lease, checkpoint: Checkpoint | None) -> None:
        self._write(stream, lease, checkpoint, "", 0)

    def ask(self, stream: str, *, wanted: str = "", raise_epoch: int = 0) -> None:
        if wanted:
            self._table.update(*_key(stream), "SET wanted = :wanted", {":wanted": wanted})
        if raise_epoch:
            try:
                self._table.update(
                    *_key(stream),
                    "SET raise_epoch = :epoch",
                    {":epoch": raise_epoch},
                    "attribute_not_exists(raise_epoch) OR raise_epoch < :epoch",
                )
            except ConditionFailed:
                return  # a higher one is asked for already

    def holdings(self, source: str) -> Holdings:
        item = self._table.get(f"stream#{source}", "tables")
        return _holdings(item) if item else Holdings()

    def hold(self, source: str, seen: int, holdings: Holdings) -> bool:
        stored = msgspec.structs.replace(holdings, version=seen + 1)
        item: Item = {
            "pk": f"stream#{source}",
            "sk": "tables",
            "edition": stored.version,
            "holdings": _json(stored),
        }
        try:
            self._table.put(
                item,
                "edition = :seen" if seen else "attribute_not_exists(pk)",
                {":seen": seen} if seen else None,
            )
        except ConditionFailed:
            return self.holdings(source) == stored  # ours, its reply lost
        return True

    def _write(
        self, stream: str, lease: Lease, checkpoint: Checkpoint | None, holder: str, ends_ms: int
    ) -> Lease:
        update = "SET beat = beat + :one, holder = :holder, ends_ms = :ends, figures = :figures"
        values: Item = {
            ":one": 1,
            ":holder": holder,
            ":ends": ends_ms,
            ":figures": _json(lease.figures),
            ":token": lease.token,
            ":me": lease.holder,
        }
        if checkpoint:
            update += ", checkpoint = :checkpoint"
            values[":checkpoint"] = checkpoint.text()
        # Giving back a second time (the first reply was lost) finds no holder, but still the token.
        condition = (
            "#token = :token AND holder = :me"
            if holder
            else "#token = :token AND holder IN (:me, :holder)"
        )
        try:
            return _lease(self._table.update(*_key(stream), update, values, condition, _NAMES))
        except ConditionFailed:
            raise LeaseLost.of(stream) from None


def _key(stream: str) -> tuple[str, str]:
    source, _, relay = stream.partition("/")
    return f"stream#{source}", f"checkpoint#{relay}" if relay else "checkpoint"


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _holdings(item: Item) -> Holdings:
    return msgspec.json.decode(item["holdings"], type=Holdings)


def _lease(item: Item) -> Lease:
    return Lease(
        token=item.get("token", 0),
        holder=item.get("holder", ""),
        beat=item.get("beat", 0),
        wanted=item.get("wanted", ""),
        ends_ms=item.get("ends_ms", 0),
        raise_epoch=item.get("raise_epoch", 0),
        figures=msgspec.json.decode(item.get("figures", "{}")),
    )


def _checkpoint(item: Item) -> Checkpoint | None:
    return read_checkpoint(item["checkpoint"]) if "checkpoint" in item else None
