"""Row queries: the queries that a row's history needs, and their rows as changes.

Values are parameters, never parts of a query. The table is sorted by database, table and key, so
each part of a query names all three: Athena then reads few bytes.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from shared.adapters.athena.contract import Athena, QueryParameter, text_parameters
from shared.domain.archived_change import TRUNCATE, Archived
from shared.domain.assumed_columns import RawRow
from shared.domain.athena_query import ResultRow, ask, rows
from shared.domain.row_in_snapshot import SnapshotRow
from shared.flows.history.past_table import PastTable
from shared.values.unix_micros import micros, time_of

CHANGE_COLUMNS = (
    'stream, epoch, n, id, op, "key", committed_at, "before", "after", tx_id, tx_index, tx_last, '
    "schema_version, trace_id"
)
SNAPSHOT_COLUMNS = 'snapshot, epoch, n, read_at, schema_version, "after"'
OF_TABLE = 'source = ? AND "database" = ? AND "table" = ?'
PARTITIONS, BEHIND_PARTITIONS = '{"partitions":', '{"partitions;'
"""The keys of truncates of partitions begin with the first, and sort before the second."""

_row = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_row(athena: Athena, table: PastTable, keys: Sequence[str]) -> tuple[list[Archived], int]:
    """The changes of the row with one of these keys, with truncates of its table; bytes scanned."""
    parts = [select(f'{OF_TABLE} AND "key" = ? AND op = ?')]
    parts.append(select(f'{OF_TABLE} AND "key" > ? AND "key" < ? AND op = ?'))
    of_table = [table.source, table.database, table.name]
    parameters: list[QueryParameter] = [*of_table, TRUNCATE, "t"]
    parameters += [*of_table, PARTITIONS, BEHIND_PARTITIONS, "t"]
    for key in keys:
        text, values = text_parameters(key)
        parts.append(select(f'{OF_TABLE} AND "key" = {text} AND op <> ?'))
        parameters += [*of_table, *values, "t"]
    done = ask(athena, " UNION ALL ".join(parts), parameters)
    return [change_of(row) for row in rows(athena, done.id)], done.scanned


def select(where: str, columns: str = CHANGE_COLUMNS, table: str = "changes") -> str:
    """A SELECT of the table `changes`, or of `snapshots`."""
    return " ".join(("SELECT", columns, "FROM", table, "WHERE", where))


def read_snapshots(
    athena: Athena, table: PastTable, keys: Sequence[str]
) -> tuple[list[SnapshotRow], int]:
    """The row with one of these keys in each snapshot that has it, and the bytes scanned."""
    parts, parameters = list[str](), list[QueryParameter]()
    for key in keys:
        text, values = text_parameters(key)
        where = f'{OF_TABLE} AND "key" = {text}'
        parts.append(select(where, SNAPSHOT_COLUMNS, "snapshots"))
        parameters += [table.source, table.database, table.name, *values]
    done = ask(athena, " UNION ALL ".join(parts), parameters)
    return [
        SnapshotRow(
            str(id),
            int(epoch or 0),
            int(n or 0),
            micros(datetime.fromisoformat(str(read_at))),
            int(version or 0),
            _decoded(after or "{}"),
        )
        for id, epoch, n, read_at, version, after in rows(athena, done.id)
    ], done.scanned


def read_versions(
    athena: Athena, table: PastTable, at_us: int, since_us: int | None
) -> tuple[list[int], int]:
    """The schema_versions of the table's changes until a time, and the bytes scanned.

    That of the last change comes first. since_us: only of changes since then, where one is known to
    exist.
    """
    where = f"{OF_TABLE} AND op <> 't' AND committed_at <= ?"
    parameters: list[QueryParameter] = [table.source, table.database, table.name, time_of(at_us)]
    if since_us is not None:
        where += " AND committed_at >= ?"
        parameters.append(time_of(since_us))
    grouped = " GROUP BY schema_version, epoch ORDER BY epoch DESC, last DESC"
    wanted = select(where, "schema_version, epoch, max(n) AS last")
    done = ask(athena, wanted + grouped, parameters)
    found = dict.fromkeys(int(version or 0) for version, *_ in rows(athena, done.id))
    return list(found), done.scanned


class ComingVersion(NamedTuple):
    """A schema_version in changes of a table after a time. epoch, n: of the first of them."""

    epoch: int
    n: int
    version: int


def read_coming_versions(
    athena: Athena, table: PastTable, at_us: int
) -> tuple[list[ComingVersion], int]:
    """The schema_versions of the table's changes after a time, first one first; bytes scanned."""
    where = f"{OF_TABLE} AND op <> 't' AND committed_at > ?"
    wanted = select(where, "epoch, min(n) AS first, schema_version")
    parameters: list[QueryParameter] = [table.source, table.database, table.name, time_of(at_us)]
    done = ask(athena, f"{wanted} GROUP BY schema_version, epoch ORDER BY epoch, first", parameters)
    found = (ComingVersion(*(int(each or 0) for each in row)) for row in rows(athena, done.id))
    return list(found), done.scanned


def read_other_keys(
    athena: Athena, table: PastTable, halves: Sequence[Archived]
) -> tuple[dict[str, str], int]:
    """The keys at the other side of changes of a key: id of the half → key. And bytes scanned."""
    if not halves:
        return {}, 0
    wanted: dict[str, str] = {}
    parts: list[str] = []
    parameters: list[QueryParameter] = []
    for half in halves:
        other = half.id[:-1] + ("c" if half.op == "d" else "d")
        wanted[other] = half.id
        parts.append(select(f"{OF_TABLE} AND stream = ? AND epoch = ? AND n = ?", 'id, "key"'))
        parameters += [table.source, table.database, table.name]
        parameters += [half.stream, half.epoch, half.n + (1 if half.op == "d" else -1)]
    done = ask(athena, " UNION ALL ".join(parts), parameters)
    found = {
        wanted[id]: key for id, key in rows(athena, done.id) if id in wanted and key is not None
    }
    return found, done.scanned


def _decoded(text: str) -> RawRow:
    """A row of the archive. Half a surrogate pair stays the escape that it is."""
    try:
        return _row.decode(text)
    except msgspec.DecodeError:
        plain = json.loads(text)
    return {name: msgspec.Raw(json.dumps(value).encode()) for name, value in plain.items()}


def change_of(row: ResultRow) -> Archived:
    """A row with `CHANGE_COLUMNS` as a change."""
    values = iter(row)

    def text() -> str:
        return next(values) or ""

    def image() -> RawRow | None:
        found = next(values)
        return None if found is None else _decoded(found)

    return Archived(
        stream=text(),
        epoch=int(text()),
        n=int(text()),
        id=text(),
        op=text(),
        key=text(),
        at_us=micros(datetime.fromisoformat(text())),
        before=image(),
        after=image(),
        tx=text(),
        tx_index=int(text()),
        tx_last=text() == "true",
        schema_version=int(text()),
        trace_id=next(values),
    )
