"""The table `changes` in Iceberg's format. See the contract."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pyarrow as pa
from pyiceberg.exceptions import (
    CommitFailedException,
    ValidationException,
)
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.table import FileScanTask, Table
from pyiceberg.typedef import EMPTY_DICT

from shared.adapters import aws
from shared.adapters.archive_table.contract import LEDGER_PROPERTY
from shared.adapters.lake.contract import (
    TABLE,
    DataFile,
    Overtaken,
    TableHead,
    Vacuumed,
)
from shared.adapters.lake.iceberg import commit_times, data_files, properties
from shared.adapters.lake.iceberg.file_io import address
from shared.adapters.lake.iceberg.iceberg_catalog import IcebergCatalog
from shared.adapters.lake.iceberg.iceberg_snapshot_expiry import expire, purge
from shared.adapters.lake.iceberg.ledger_transaction import LedgerTransaction
from shared.adapters.lake.iceberg.scan_filter import scan_filter
from shared.adapters.lake.iceberg.statistics import limit_statistics
from shared.adapters.lake.iceberg.translated import Translated
from shared.adapters.lake.iceberg.vacuum import unreferenced, vacuum
from shared.adapters.lake.iceberg.written_files import written_files
from shared.values.counted import counted
from shared.values.errors import StackError

FOLDER = "lake"
"""The prefix of the table in the archive's bucket."""

limit_statistics()
_FILES = 4
"""Read at once: a file is at most 48 MB, and a scan holds them in memory."""

_ATTEMPTS = 5
"""Of a rewrite to be committed while others append."""


class IcebergLake:
    """The table in one bucket and one Glue database. See the contract."""

    def __init__(self, bucket: str, database: str) -> None:
        self._bucket, self._database = bucket, database
        self._location = f"s3://{bucket}/{FOLDER}"
        self._s3 = aws.client("s3", connections=16)
        self._catalog = IcebergCatalog(database, self._location)
        self._ledger: tuple[str, bytes] = ("", b"")

    def head(self) -> TableHead:
        with self._errors("be read"):
            table = self._load()
            snapshot = table.metadata.current_snapshot()
            return TableHead(snapshot.snapshot_id if snapshot else 0, self._ledger_of(table))

    def append(self, head: TableHead, rows: pa.Table, ledger: bytes) -> TableHead:
        with self._errors("be committed"):
            table = self._load()
            _expect(table, head)
            io = table.io
            written = written_files(table.metadata, rows, io) if rows.num_rows else []
            times = commit_times.with_times_of(table, rows)
            return self._commit(table, ledger, added=written, noted=times)

    def drop(self, head: TableHead, files: Sequence[DataFile], ledger: bytes) -> TableHead:
        with self._errors("be committed"):
            table = self._load()
            _expect(table, head)
            gone = [task.file for task in _tasks(table, files)]
            noted = commit_times.with_dropped(table, files)
            return self._commit(table, ledger, removed=gone, noted=noted)

    def rewrite(
        self, head: TableHead, files: Sequence[DataFile], parts: Iterator[pa.Table], ledger: bytes
    ) -> TableHead:
        with self._errors("be rewritten"):
            table = self._load()
            _expect(table, head)
            removed = [task.file for task in _tasks(table, files)]
            made = [
                each
                for part in parts
                if part.num_rows
                for each in written_files(table.metadata, part, table.io)
            ]
            return self._commit(table, ledger, added=made, removed=removed)

    def purge(self) -> int:
        with self._errors("be purged"):
            return purge(self._load, self._s3)

    def unreferenced(self) -> list[int]:
        with self._errors("be read"):
            place = (self._load, self._s3, self._bucket, f"{FOLDER}/")
            return [each.at_ms for each in unreferenced(*place)]

    def replace(
        self,
        files: Sequence[DataFile],
        parts: Iterator[pa.Table],
        alone: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        with self._errors("be rewritten"):
            table = self._load()
            tasks = _tasks(table, files)
            as_compacted = table.metadata.model_copy(
                update={"properties": {**table.properties, **properties.COMPACTED}}
            )
            made = [each for part in parts for each in written_files(as_compacted, part, table.io)]
            before = sum(task.file.record_count for task in tasks)
            after = sum(each.record_count for each in made)
            if before != after and not any(task.delete_files for task in tasks):
                raise StackError(
                    f"a rewrite of {counted(before, 'row')} made {after}; it was not committed.",
                    thing=self._name,
                    hint="Report it. Nothing has changed.",
                )
            with alone():
                self._put_in_place(files, made)

    def _put_in_place(self, files: Sequence[DataFile], made: Sequence[Any]) -> None:
        """Commit new files in the place of others. Raises Overtaken when one of these is gone."""
        for attempt in range(1, _ATTEMPTS + 1):
            table = self._load()
            removed = [task.file for task in _tasks(table, files)]
            try:
                self._commit(table, None, added=made, removed=removed)
                return
            except (CommitFailedException, ValidationException):
                if attempt == _ATTEMPTS:
                    raise

    def files(self, where: str = "") -> list[DataFile]:
        with self._errors("be read"):
            plan = self._load().scan(row_filter=scan_filter(where))
            return [data_files.described(task.file) for task in plan.plan_files()]

    def scan(
        self,
        columns: Sequence[str],
        *,
        at: TableHead | None = None,
        files: Sequence[DataFile] | None = None,
        where: str = "",
    ) -> Iterator[pa.RecordBatch]:
        with self._errors("be read"):
            table = self._load()
            chosen = scan_filter(where)
            plan = table.scan(row_filter=chosen, snapshot_id=at.snapshot if at else None)
            if at is not None and not at.snapshot:
                return
            tasks = list(plan.plan_files())
            if files is not None:
                wanted = {each.path for each in files}
                tasks = [task for task in tasks if task.file.file_path in wanted]
            scan = ArrowScan(table.metadata, table.io, table.schema().select(*columns), chosen)
            for start in range(0, len(tasks), _FILES):  # it reads all that it is given at once
                for batch in scan.to_record_batches(tasks[start : start + _FILES]):
                    yield batch.select(list(columns))

    def expire(self, before_ms: int) -> int:
        with self._errors("be maintained"):
            return expire(self._load(), before_ms)

    def vacuum(self, before_ms: int) -> Vacuumed:
        with self._errors("be maintained"):
            place = (self._load, self._s3, self._bucket, f"{FOLDER}/")
            gone = vacuum(*place, before_ms)
            return Vacuumed(len(gone), sum(each.size for each in gone))

    @property
    def _name(self) -> str:
        return f"table {self._database}.{TABLE}"

    def _load(self) -> Table:
        return self._catalog.load()

    def _commit(
        self,
        table: Table,
        ledger: bytes | None,
        added: Sequence[Any] = (),
        removed: Sequence[Any] = (),
        noted: Mapping[str, str] = EMPTY_DICT,
    ) -> TableHead:
        """Commit files and the pointer to the ledger; None keeps the ledger of the same state.

        noted: further properties of the table.
        """
        held = table.properties.get(LEDGER_PROPERTY, "")
        pointer = held if ledger is None else self._put_ledger(ledger)
        work = LedgerTransaction(table)
        if pointer != held:
            work.set_properties({LEDGER_PROPERTY: pointer, **noted})
        snapshot = work.update_snapshot(snapshot_properties={LEDGER_PROPERTY: pointer})
        with snapshot.overwrite() if removed else snapshot.merge_append() as update:
            for each in removed:
                update.delete_data_file(each)
            for each in added:
                update.append_data_file(each)
        work.commit_transaction()
        now = table.metadata.current_snapshot()
        assert now is not None
        return TableHead(now.snapshot_id, self._ledger_of(table) if ledger is None else ledger)

    def _put_ledger(self, ledger: bytes) -> str:
        place = f"{self._location}/ledger/{uuid.uuid4()}"
        bucket, key = address(place)
        self._s3.put_object(Bucket=bucket, Key=key, Body=ledger)
        self._ledger = (place, ledger)
        return place

    def _ledger_of(self, table: Table) -> bytes:
        place = table.properties.get(LEDGER_PROPERTY, "")
        if place and place != self._ledger[0]:
            bucket, key = address(place)
            found = self._s3.get_object(Bucket=bucket, Key=key)
            self._ledger = (place, found["Body"].read())
        return self._ledger[1] if place else b""

    def _errors(self, what: str) -> Translated:
        return Translated(self._name, what)


def _expect(table: Table, head: TableHead) -> None:
    snapshot = table.metadata.current_snapshot()
    if (snapshot.snapshot_id if snapshot else 0) != head.snapshot:
        raise Overtaken("somebody else has committed.", hint="The work starts over.")


def _tasks(table: Table, files: Sequence[DataFile]) -> list[FileScanTask]:
    """The tasks that read these files. Raises Overtaken when one is gone."""
    wanted = {each.path for each in files}
    tasks = [task for task in table.scan().plan_files() if task.file.file_path in wanted]
    if len(tasks) != len(wanted):
        raise Overtaken("a file was replaced meanwhile.", hint="The work starts over.")
    return tasks
