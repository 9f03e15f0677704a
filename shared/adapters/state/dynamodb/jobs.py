"""The jobs of a consumer: an item a slot, and an item for each job that is over."""

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from shared.adapters.state.dynamodb.item import Item
from shared.adapters.state.dynamodb.state_table import ConditionFailed, StateTable, consumer_key
from shared.values.job import BackfillWork, Job, JobLost, SendingWork, Slot, TableFill
from shared.values.lifetimes import ENDED_JOB_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_SLOTS: dict[Slot, str] = {"fill": "run", "verify": "run#verify", "redrive": "run#redrive"}
_ENDED = "job#"
_NAMES = {"#token": "token", "#run": "run", "#job": "job"}
"""Attributes that are, or may become, reserved words of DynamoDB's expressions."""


class DynamoJobs:
    """Jobs in a DynamoDB table.

    The former version reads `id` and `run` of the slot `fill`; it finds a backfill there that it
    can show, and that another process has taken over. `sends`: False where the job sends a consumer
    nothing, see `run_in`.
    """

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def current(self, consumer: str, slot: Slot) -> Job | None:
        item = self._table.get(consumer_key(consumer), _SLOTS[slot])
        return _job(consumer, item) if item else None

    def begin(self, job: Job) -> bool:
        item = {
            "pk": consumer_key(job.consumer),
            "sk": _SLOTS[job.slot],
            "id": job.id,
            "run": _former(job),
            "job": _text(job),
            "holder": job.holder,
            "token": job.token,
            "beat": job.beat,
            **({} if isinstance(job.work, SendingWork) else {"sends": False}),
        }
        try:
            self._table.put(item, "attribute_not_exists(pk)")
        except ConditionFailed:  # or our own write, its reply lost
            return self.current(job.consumer, job.slot) == job
        return True

    def take(self, seen: Job, holder: str) -> Job | None:
        taken = msgspec.structs.replace(
            seen,
            state="running",
            outcome="",
            holder=holder,
            token=seen.token + 1,
            beat=seen.beat + 1,
            asked="",
        )
        condition = "id = :id AND attribute_not_exists(#token)"
        values: Item = {":id": seen.id, ":none": ""}
        if seen.token:
            condition = "id = :id AND #token = :seen AND beat = :beaten"
            values |= {":seen": seen.token, ":beaten": seen.beat}
        try:
            self._write(taken, "asked = :none, ", values, condition)
        except ConditionFailed as failed:
            if (failed.item.get("token"), failed.item.get("holder")) != (taken.token, holder):
                return None
        return taken

    def save(self, job: Job) -> Job:
        job = msgspec.structs.replace(job, beat=job.beat + 1)
        values = {":id": job.id, ":mine": job.token}
        try:
            stored = self._write(job, "", values, "id = :id AND #token = :mine")
        except ConditionFailed:
            raise JobLost.of(job) from None
        return msgspec.structs.replace(job, asked=stored.get("asked", ""))

    def ask(self, job: Job, wish: Literal["pause", "cancel"]) -> None:
        with suppress(ConditionFailed):
            self._table.update(
                *_place(job), "SET asked = :wish", {":wish": wish, ":id": job.id}, "id = :id"
            )

    def end(self, job: Job) -> None:
        self.save(job)  # by the holder alone; from here on the end of the job is certain
        expires = int(time.time()) + ENDED_JOB_SECONDS
        pk = consumer_key(job.consumer)
        # Kept before the slot is empty: whoever continues the job writes the same item.
        kept = {"pk": pk, "sk": f"{_ENDED}{job.id}", "job": _text(job), "expires": expires}
        self._table.put(kept)
        with suppress(ConditionFailed):  # our own delete, its reply lost
            self._table.delete(
                *_place(job),
                "id = :id AND #token = :mine",
                {":id": job.id, ":mine": job.token},
                {"#token": "token"},
            )
        self._sweep(job)

    def ended(self, consumer: str, limit: int) -> list[Job]:
        found = self._table.query(consumer_key(consumer), _ENDED, backwards=True, limit=limit)
        return [_job(consumer, item) for item in found]

    def amend(self, job: Job) -> None:
        place = consumer_key(job.consumer), f"{_ENDED}{job.id}"
        held = self._table.get(*place)
        if held and held["job"] != _text(job):
            self._table.write_many(put=[{**held, "job": _text(job)}])
        self._sweep(job)

    def _sweep(self, job: Job) -> None:
        """Remove the records of a job that is over: nobody adds to them."""
        left = self._table.query(consumer_key(job.consumer, job.id))
        self._table.write_many(delete=[(item["pk"], item["sk"]) for item in left])

    def _write(self, job: Job, sets: str, values: dict[str, Any], condition: str) -> Item:
        return self._table.update(
            *_place(job),
            f"SET {sets}#job = :job, #run = :run, holder = :holder, #token = :token, beat = :beat",
            {
                ":job": _text(job),
                ":run": _former(job),
                ":holder": job.holder,
                ":token": job.token,
                ":beat": job.beat,
                **values,
            },
            condition,
            _NAMES,
        )


def run_in(item: Item | None) -> str:
    """The id of the job in the slot `fill`, as long as it may send the consumer rows."""
    return str(item["id"]) if item and item.get("sends", True) else ""


def _place(job: Job) -> tuple[str, str]:
    return consumer_key(job.consumer), _SLOTS[job.slot]


def _text(job: Job) -> str:
    """The job without its lease, which has attributes of its own."""
    bare = msgspec.structs.replace(job, holder="", token=0, beat=0, asked="")
    return msgspec.json.encode(bare).decode()


def _former(job: Job) -> str:
    """What the former version decodes: enough to show that a backfill is under way."""
    return msgspec.json.encode({"id": job.id, "tables": {}}).decode()


def _job(consumer: str, item: Item) -> Job:
    if "job" not in item:
        return _from_former(consumer, item)
    return msgspec.structs.replace(
        msgspec.json.decode(item["job"], type=Job),
        holder=item.get("holder", ""),
        token=item.get("token", 0),
        beat=item.get("beat", 0),
        asked=item.get("asked", ""),
    )


class _FormerTable(msgspec.Struct):
    """One table of a backfill as the former version stored it."""

    cursor: str = ""
    rows: int = 0
    sent: int = 0
    estimate: int = 0
    complete: bool = False
    left: bool = False
    rewrite: str = ""


class _FormerRun(msgspec.Struct):
    """A backfill as the former version stored it."""

    id: str
    tables: dict[str, _FormerTable]
    started_ms: int = 0
    attempt: int = 1


def _from_former(consumer: str, item: Item) -> Job:
    """A backfill that the former version began: it continues where that one stopped."""
    run = msgspec.json.decode(item["run"], type=_FormerRun)
    tables = {
        name: TableFill(
            each.cursor,
            each.rows,
            each.sent,
            each.estimate,
            each.complete,
            each.left,
            settles={name: each.rewrite} if each.rewrite else {},
        )
        for name, each in run.tables.items()
    }
    work = BackfillWork(tables, run.attempt)
    return Job(run.id, consumer, work, state="paused", began_ms=run.started_ms)
