"""Rows become changes `r` and go into the consumer's queue, in order within a group."""

import random
from collections.abc import Mapping, Sequence

from shared.adapters.topic.contract import MAX_ENTRIES, Entry
from shared.domain.captured_tables import CapturedTable
from shared.domain.change_encoding import ChangeEncoding
from shared.domain.publish_queue import PublishQueue
from shared.domain.published_columns import published_columns
from shared.flows.jobs.job_lease import Tenure
from shared.flows.jobs.job_setup import JobSetup
from shared.flows.jobs.refused_sends import QUEUE_WAIT_SECONDS, queue_takes_nothing
from shared.values.change import Change, Row, Transaction
from shared.values.deduplication_id import hash_ids
from shared.values.message import Message, attributes, encode
from shared.values.message_group import group_id
from shared.values.row_key import row_of
from shared.values.table import Table


class RowSending:
    """The messages of one job.

    The relay's own packing and publish queue hold a group back while a message of it has failed.
    """

    def __init__(self, setup: JobSetup, job: str, attempt: int, tenure: Tenure) -> None:
        source = setup.source
        self._stream, self._job, self._attempt = source.name, job, attempt
        self._queue, self._schemas = setup.queue, setup.state.schemas
        self._packing = ChangeEncoding(
            source.name, self._schemas, setup.claims, lane="backfill", run=job
        )
        compress = source.compression == "zstd"
        self._publish_queue = PublishQueue(0.0, random.Random(), compress=compress)  # noqa: S311 (jitter)
        self._publish_queue.hurry()  # a chunk of rows has no later ones to wait for
        self._published: dict[str, Table] = {}
        self._clock, self._sleep = tenure.polling.clock, tenure.polling.sleep

    def rows(self, captured: CapturedTable, rows: Sequence[Row], seq: int, ts_ms: int) -> list[str]:
        """Send rows that were read under `seq`.

        Returns the deduplication ids of the messages once all are acknowledged. Raises StackError.
        """
        table = self._as_published(captured)
        plan, prefix = captured.plan, f"r/{self._job}.{self._attempt}/{captured.name}/"
        tx = f"r/{self._job}"
        packed = []
        for index, row in enumerate(rows):
            key = plan.key(row)
            change = Change(
                prefix + row_of(key),
                seq,
                "r",
                ts_ms,
                key,
                None,
                plan.project(row),
                Transaction(tx, index, index == len(rows) - 1),
            )
            packed.append(self._packing.pack((table, plan.shard(row), change)))
        self._publish_queue.add(packed, self._clock())
        return self._drain()

    def ends(self, full_name: str, shards: int) -> dict[str, str]:
        """The messages that `end` sends for a table: deduplication id → group."""
        return {
            hash_ids([group], run=self._job, attempt=self._attempt): group
            for group in self._groups(full_name, shards)
        }

    def end(self, full_name: str, shards: int) -> None:
        """Send a message without changes into every group of a table.

        Once it is done, so is everything that was sent before it.
        """
        self._send_to_groups(full_name, self.ends(full_name, shards))

    def truncate(self, full_name: str, shards: int, seq: int, ts_ms: int) -> None:
        """Tell a sink that cannot list what it holds to drop what is older than `seq`."""
        name = f"t/{self._job}.{self._attempt}/{full_name}/{seq}"
        tx = Transaction(f"t/{self._job}", 0, True)
        change = Change(name, seq, "t", ts_ms, {}, None, None, tx)
        groups = self._groups(full_name, shards)
        ids = {hash_ids([name, group], run=self._job): group for group in groups}
        self._send_to_groups(full_name, ids, [change])

    def _send_to_groups(
        self, full_name: str, ids: Mapping[str, str], changes: Sequence[Change] = ()
    ) -> None:
        """One message into each group. ids: deduplication id → group."""
        database, table = full_name.split(".", 1)
        marks = attributes(self._stream, full_name, "backfill") | {"run": self._job}
        entries = [
            Entry(
                encode(
                    Message(
                        self._stream, self._stream, database, table, 0, group, None, list(changes)
                    )
                ),
                group,
                each,
                marks,
            )
            for each, group in ids.items()
        ]
        deadline = self._clock() + QUEUE_WAIT_SECONDS
        while entries:
            request, rest = entries[:MAX_ENTRIES], entries[MAX_ENTRIES:]
            fates = self._queue.send(request)
            failed = [entry for entry, fate in zip(request, fates, strict=True) if fate is not None]
            if failed:
                self._check(deadline, next(fate for fate in fates if fate))
                self._sleep(0.5)
            entries = failed + rest

    def _groups(self, full_name: str, shards: int) -> list[str]:
        database, table = full_name.split(".", 1)
        return [group_id(self._stream, database, table, shard) for shard in range(shards)]

    def _drain(self) -> list[str]:
        sent: list[str] = []
        deadline = self._clock() + QUEUE_WAIT_SECONDS
        while not self._publish_queue.empty:
            parcels = self._publish_queue.take(self._clock())
            if not parcels:
                self._sleep(min(1.0, self._publish_queue.due(self._clock()) or 0.01))
                continue
            fates = self._queue.send([parcel.entry for parcel in parcels])
            self._publish_queue.settle(parcels, fates, self._clock())
            acknowledged = [
                parcel.entry.deduplication_id
                for parcel, fate in zip(parcels, fates, strict=True)
                if fate is None
            ]
            sent += acknowledged
            if acknowledged:
                deadline = self._clock() + QUEUE_WAIT_SECONDS
            else:
                self._check(deadline, str(fates[0]))
        return sent

    def _check(self, deadline: float, reason: str) -> None:
        if self._clock() > deadline:
            raise queue_takes_nothing(reason)

    def _as_published(self, captured: CapturedTable) -> Table:
        known = self._published.get(captured.name)
        if known is None:
            known = published_columns(self._schemas, self._stream, captured.plan.table)
            self._published[captured.name] = known
        return known
