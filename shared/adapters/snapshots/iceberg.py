"""The table `snapshots` in Iceberg's format (long: one adapter). See `SnapshotTable`.

The path of a data file says what it holds: `data/SNAPSHOT/TABLE/FIRST-LAST/…`. So a run that was
killed finds what it had committed, and nothing is packed twice.
"""

import hashlib
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any
from urllib.parse import quote, unquote

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NoSuchTableError,
    TableAlreadyExistsError,
    ValidationException,
)
from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.table import FileScanTask, Table

from shared.adapters import aws
from shared.adapters.aws_errors import FAILURES, code_of
from shared.adapters.lake.iceberg import iceberg_snapshot_expiry, properties, vacuum
from shared.adapters.lake.iceberg.file_io import address
from shared.adapters.lake.iceberg.ledger_transaction import LedgerTransaction
from shared.adapters.lake.iceberg.scan_filter import scan_filter
from shared.adapters.lake.iceberg.translated import Translated
from shared.adapters.lake.iceberg.written_files import written_files
from shared.adapters.snapshots.contract import TABLE, PackedFile
from shared.adapters.snapshots.infrequent_access import CHECKSUM, InfrequentAccessIO
from shared.adapters.snapshots.s3 import FOLDER
from shared.adapters.snapshots.snapshots_columns import ARROW, ICEBERG, MEASURED
from shared.values.snapshot import SnapshotFile

_ALL, _ATTEMPTS = AlwaysTrue(), 5
_PROPERTIES = {
    **{name: each for name, each in properties.TABLE.items() if ".column." not in name},
    "write.parquet.compression-level": "3",
    **{f"write.metadata.metrics.column.{name}": "full" for name in MEASURED},
}
TableChange = Callable[[Table], tuple[list[Any], list[Any]]]
"""Of the table as it is: the files to add and those to remove."""


class IcebergSnapshots:
    """The table in one bucket and one Glue database."""

    def __init__(self, bucket: str, database: str) -> None:
        self._bucket, self._name = bucket, (database, TABLE)
        self._location = f"s3://{bucket}/{FOLDER}/table"
        self._s3 = aws.client("s3", connections=16)
        self._errors = Translated(f"table {database}.{TABLE}", "be committed")
        io = f"{InfrequentAccessIO.__module__}.{InfrequentAccessIO.__name__}"
        self._catalog = _Glue("rowline", client=aws.client("glue"), **{"py-io-impl": io})

    def packed(self, id: str) -> list[PackedFile]:
        with self._errors:
            return [each for each in map(_described, _tasks(self._load())) if each.id == id]

    def ids(self) -> set[str]:
        with self._errors:
            return {_described(task).id for task in _tasks(self._load())}

    def add(self, id: str, table: str, first: int, last: int, rows: pa.Table) -> None:
        path = f"{self._location}/data/{id}/{quote(table, safe='')}/{first:08}-{last:08}"
        with self._errors:
            made = self._written(path, rows)

            def change(held: Table) -> tuple[list[Any], list[Any]]:
                there = any(task.file.file_path.startswith(f"{path}/") for task in _tasks(held))
                return ([] if there else made), []

            self._commit(change)

    def drop(self, ids: Sequence[str]) -> int:
        dropped = 0

        def change(held: Table) -> tuple[list[Any], list[Any]]:
            nonlocal dropped
            gone = [task.file for task in _tasks(held) if _described(task).id in ids]
            dropped = len(gone)
            return [], gone

        with self._errors:
            self._commit(change)
        return dropped

    def rows(
        self, id: str, table: str, columns: Sequence[str], *, low: str = "", high: str = ""
    ) -> Iterator[pa.RecordBatch]:
        with self._errors:
            held = self._load()
            chosen = _between(low, high)
            planned = held.scan(row_filter=chosen).plan_files()
            found = [(_described(task), task) for task in planned]
            mine = [(one.first, task) for one, task in found if (one.id, one.table) == (id, table)]
            wanted = held.schema().select(*columns)
            scan = ArrowScan(held.metadata, held.io, wanted, chosen)
            for _, task in sorted(mine, key=lambda each: each[0]):
                for batch in scan.to_record_batches([task]):
                    yield batch.select(list(columns))

    def erase(self, source: str, table: str, keys: Collection[str]) -> int:
        wanted, erased = pa.array(sorted(keys), pa.string()), 0

        def change(held: Table) -> tuple[list[Any], list[Any]]:
            nonlocal erased
            erased, added, removed = 0, list[Any](), list[Any]()
            for task in _tasks(held):
                if _described(task).table != table or not _may_hold(held, task, keys):
                    continue
                scan = ArrowScan(held.metadata, held.io, held.schema(), _ALL)
                rows = pa.Table.from_batches(scan.to_record_batches([task])).cast(ARROW)
                mine = pc.equal(rows["source"], source)
                kept = rows.filter(pc.invert(pc.and_(mine, pc.is_in(rows["key"], wanted))))
                if kept.num_rows == rows.num_rows:
                    continue
                erased += rows.num_rows - kept.num_rows
                removed.append(task.file)
                if kept.num_rows:
                    folder = task.file.file_path.rpartition("/")[0]
                    added += self._written(folder, kept, uuid.uuid4())
            return added, removed

        with self._errors:
            self._commit(change)
            # What the commit noted of removed files goes with the next one.
            self._commit(lambda _: ([], []), empty=True)
            iceberg_snapshot_expiry.purge(self._load, self._s3)
        return erased

    def unreferenced(self) -> list[int]:
        with self._errors:
            place = (self._load, self._s3, self._bucket, f"{FOLDER}/table/")
            return [each.at_ms for each in vacuum.unreferenced(*place)]

    def sha256(self, path: str) -> str:
        bucket, key = address(path)
        with self._errors:
            try:
                found = self._s3.get_object(Bucket=bucket, Key=key)["Body"]
            except FAILURES as error:
                if code_of(error) in ("NoSuchKey", "404"):
                    return ""
                raise
            digest = hashlib.sha256()
            for some in found.iter_chunks(1 << 20):
                digest.update(some)
            return digest.hexdigest()

    def noted_sha256(self, path: str) -> str:
        """The checksum that was noted when a file was written."""
        bucket, key = address(path)
        with self._errors:
            return str(self._s3.head_object(Bucket=bucket, Key=key)["Metadata"][CHECKSUM])

    def tidy(self, expire_ms: int, vacuum_ms: int) -> int:
        with self._errors:
            iceberg_snapshot_expiry.expire(self._load(), expire_ms)
            place = (self._load, self._s3, self._bucket, f"{FOLDER}/table/")
            return len(vacuum.vacuum(*place, vacuum_ms))

    def _load(self) -> Table:
        """The table as it is now; it is made the first time."""
        try:
            return self._catalog.load_table(self._name)
        except NoSuchTableError:
            pass
        try:
            return self._catalog.create_table(
                self._name, ICEBERG, location=self._location, properties=_PROPERTIES
            )
        except TableAlreadyExistsError:  # somebody was faster
            return self._catalog.load_table(self._name)

    def _written(self, path: str, rows: pa.Table, name: uuid.UUID | None = None) -> list[Any]:
        """Data files below a path. Without a name the same path and rows give the same objects."""
        table = self._load()
        placed = {**table.properties, "write.data.path": path}
        metadata = table.metadata.model_copy(update={"properties": placed})
        mine = name or uuid.uuid5(uuid.NAMESPACE_URL, path)
        return written_files(metadata, rows.cast(ARROW), table.io, mine)

    def _commit(self, change: TableChange, *, empty: bool = False) -> None:
        """Commit a change of the table; starts over when somebody else commits meanwhile.

        empty: a change of nothing is committed too.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            table = self._load()
            added, removed = change(table)
            if not added and not removed and not empty:
                return
            work = LedgerTransaction(table)
            snapshot = work.update_snapshot()
            with snapshot.overwrite() if removed else snapshot.merge_append() as update:
                for each in removed:
                    update.delete_data_file(each)
                for each in added:
                    update.append_data_file(each)
            try:
                work.commit_transaction()
                return
            except (CommitFailedException, ValidationException):
                if attempt == _ATTEMPTS:
                    raise


class _Glue(GlueCatalog):
    def _is_s3tables_database(self, database_name: str) -> bool:
        """Spares a request at each commit: the database is no bucket of S3 Tables."""
        return False


def _tasks(table: Table) -> list[FileScanTask]:
    return list(table.scan().plan_files())


def _may_hold(table: Table, task: FileScanTask, keys: Collection[str]) -> bool:
    """Whether a key may be in a file, by the bounds that the manifest has of it."""
    field = table.schema().find_field("key").field_id
    low = (task.file.lower_bounds or {}).get(field)
    high = (task.file.upper_bounds or {}).get(field)
    if low is None or high is None:
        return True
    return any(low <= key.encode() <= high for key in keys)


def _between(low: str, high: str) -> BooleanExpression:
    """A filter of keys."""
    bounds = {">=": low, "<": high}
    terms = [
        f"key {sign} '{each.replace(chr(39), chr(39) * 2)}'"
        for sign, each in bounds.items()
        if each
    ]
    return scan_filter(" and ".join(terms))


def _described(task: FileScanTask) -> PackedFile:
    """What a data file holds, by its path."""
    file = task.file
    *_, id, table, span, _ = file.file_path.split("/")
    first, last = span.split("-")[:2]
    named = unquote(table)
    held = SnapshotFile(file.file_path, named, file.record_count, file.file_size_in_bytes, "")
    return PackedFile(id, named, int(first), int(last), held)
