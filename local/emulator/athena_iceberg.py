"""Gap: Athena reads the files of an Iceberg table as CSV.

Here PyIceberg plans the files of the present snapshot, and DuckDB reads them. The bytes scanned
are those that Parquet's footers name: of the columns that a query uses, in the row groups whose
smallest and largest values allow its conditions.

Shown by tests/integration/local/test_athena.py.
"""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
from ministack.services import s3
from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile
from pyiceberg.table import StaticTable
from pyiceberg.types import LongType, TimestampType
from sqlglot import exp

from local.emulator.athena_dialect import BadQuery, put

Conditions = list[tuple[str, str, Any]]
"""Column, operator and literal of conditions that all must hold."""

_OPERATORS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
}


class StoredFiles(FileIO):
    """The emulator's own objects, for PyIceberg."""

    def new_input(self, location: str) -> InputFile:
        return _StoredFile(location)

    def new_output(self, location: str) -> OutputFile:
        raise BadQuery("NOT_SUPPORTED: only reads of Iceberg tables")

    def delete(self, location: str | InputFile | OutputFile) -> None:
        raise BadQuery("NOT_SUPPORTED: only reads of Iceberg tables")


class _StoredFile(InputFile):
    def __len__(self) -> int:
        return len(content(self.location))

    def exists(self) -> bool:
        return True

    def open(self, seekable: bool = True) -> InputStream:
        return io.BytesIO(content(self.location))


def content(location: str) -> bytes:
    """The object at `s3://BUCKET/KEY`."""
    bucket, _, key = location.partition("://")[2].partition("/")
    body: bytes | None = s3._get_object_data(bucket, key)
    if body is None:
        raise BadQuery(f"ICEBERG_CANNOT_OPEN_SPLIT: {location} does not exist")
    return body


def is_iceberg(table: dict[str, Any]) -> bool:
    """Whether a table of Glue is an Iceberg table."""
    return str((table.get("Parameters") or {}).get("table_type", "")).upper() == "ICEBERG"


def read(node: exp.Table, table: dict[str, Any], folder: Path) -> int:
    """Let a query read an Iceberg table of Glue; returns the bytes scanned.

    node: the table in the query. folder: where the data files are put meanwhile.
    """
    opened = StaticTable.from_metadata(
        table["Parameters"]["metadata_location"],
        {"py-io-impl": f"{StoredFiles.__module__}.{StoredFiles.__name__}"},
    )
    tasks = list(opened.scan().plan_files())
    if any(task.delete_files for task in tasks):
        raise BadQuery("NOT_SUPPORTED: the table has delete files, which this emulator cannot read")
    names = [field.name for field in opened.schema().fields]
    paths = [_put(folder, task.file.file_path) for task in tasks]
    if not paths:
        kinds = {field.name: _kind(field.field_type) for field in opened.schema().fields}
        nulls = ", ".join(f'CAST(NULL AS {kinds[name]}) AS "{name}"' for name in names)
        put(node, f"SELECT {nulls} WHERE false")
        return 0
    used, conditions = _used(node, names), list(_conditions(node))
    columns = ", ".join(f'"{name}"' for name in names)
    source = f"read_parquet({_texts(paths)}, union_by_name = true)"
    put(node, f"SELECT {columns} FROM {source}")  # noqa: S608 - its own names
    return _scanned(paths, used, conditions)


def _put(folder: Path, location: str) -> str:
    path = folder / location.partition("://")[2].replace("/", "_")
    if not path.exists():
        path.write_bytes(content(location))
    return os.fspath(path)


def _kind(kind: Any) -> str:
    if isinstance(kind, LongType):
        return "BIGINT"
    return "TIMESTAMP" if isinstance(kind, TimestampType) else str(kind).replace("string", "text")


def _texts(texts: list[str]) -> str:
    return "[" + ", ".join("'" + text.replace("'", "''") + "'" for text in texts) + "]"


def _used(node: exp.Table, names: list[str]) -> set[str]:
    """The columns that the table's own SELECT names: all for `*`, but not for `count(*)`."""
    select = node.find_ancestor(exp.Select)
    own = [
        each
        for each in (select.find_all(exp.Column, exp.Star) if select else ())
        if each.find_ancestor(exp.Select) is select
    ]
    if any(isinstance(each, exp.Star) and not each.find_ancestor(exp.Count) for each in own):
        return set(names)
    return {each.name for each in own} & set(names)


def _conditions(node: exp.Table) -> Iterator[tuple[str, str, Any]]:
    """The conditions of the table's own SELECT that a footer can decide."""
    select = node.find_ancestor(exp.Select)
    where = select.args.get("where") if select else None
    parts = list(where.this.flatten()) if where and isinstance(where.this, exp.And) else []
    for part in parts or ([where.this] if where else []):
        operator = _OPERATORS.get(type(part))
        if not operator or not isinstance(part.this, exp.Column):
            continue
        value: Any = part.expression
        if isinstance(value, exp.Literal):
            yield part.this.name, operator, value.this if value.is_string else int(value.this)


def _scanned(paths: list[str], used: set[str], conditions: Conditions) -> int:
    """The bytes of the used columns in the row groups that may hold a row."""
    with duckdb.connect(":memory:") as connection:  # the module's own serves one query at a time
        rows = connection.execute(
            "SELECT file_name, row_group_id, path_in_schema, total_compressed_size,"
            " stats_min_value, stats_max_value FROM parquet_metadata(?)",
            [paths],
        ).fetchall()
    excluded = {
        (file, group)
        for file, group, name, _, low, high in rows
        for column, operator, value in conditions
        if column == name and _excludes(operator, value, low, high)
    }
    return sum(
        size
        for file, group, name, size, _, _ in rows
        if name in used and (file, group) not in excluded
    )


def _excludes(operator: str, value: Any, low: Any, high: Any) -> bool:
    """Whether no value between `low` and `high` can meet a condition."""
    if low is None or high is None:
        return False
    if isinstance(value, int):
        low, high = int(low), int(high)
    below = operator in ("=", "<", "<=") and low > value
    return below or (operator in ("=", ">", ">=") and high < value)
