"""Person rows: the changes and the rows of snapshots that belong to a person."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from shared.adapters.lake.changes_columns import ARROW
from shared.adapters.snapshots.snapshots_columns import ARROW as SNAPSHOT_ARROW
from shared.flows.privacy.privacy_setup import PrivacySetup
from shared.values.change import Row
from shared.values.erasure import Subject

_MOST_KEYS = 200
"""Of more values the engine skips no file. Source: pyiceberg, `IN_PREDICATE_LIMIT`."""


def where(subject: Subject) -> str:
    """A filter by which the engine skips files. `holding` decides on rows."""
    parts = [f"{name} = {_quoted(text)}" for name, text in _names(subject) if _quoted(text)]
    keys = [_quoted(key) for key in subject.keys]
    if 0 < len(keys) <= _MOST_KEYS and all(keys):
        parts.append(f"key in ({', '.join(keys)})")
    return " and ".join(parts)


def holding(rows: Any, subject: Subject) -> Any:
    """Which rows of a batch or table are the subject's."""
    keys = pa.array(subject.keys, pa.string())
    return pc.and_(pc.is_in(rows.column("key").cast(pa.string()), keys), _of_names(rows, subject))


def changes(
    setup: PrivacySetup, subject: Subject, columns: Sequence[str] = ARROW.names
) -> Iterator[Row]:
    """The archived changes of the subject's rows, with these columns at least."""
    wanted = list(dict.fromkeys((*columns, "source", "database", "table", "key")))
    for batch in setup.archive.lake.scan(wanted, where=where(subject)):
        yield from batch.filter(holding(batch, subject)).to_pylist()


def snapshot_rows(setup: PrivacySetup, subject: Subject) -> Iterator[Row]:
    """The subject's rows in complete snapshots."""
    table = setup.snapshots.table
    for each in setup.snapshots.store.all():
        for batch in table.rows(each.id, subject.full_name, SNAPSHOT_ARROW.names):
            yield from batch.filter(holding(batch, subject)).to_pylist()


def with_other_keys(setup: PrivacySetup, subject: Subject) -> Subject:
    """The subject with every key that its rows had before or later.

    One event that changes a key is a delete and a create, and the ids of the two halves differ in
    their last letter only.
    """
    known, new = set[str](), set(subject.keys)
    while new:
        asked = msgspec.structs.replace(subject, keys=tuple(sorted(new)))
        known |= new
        halves = {
            row["id"][:-1] + ("d" if row["op"] == "c" else "c")
            for row in changes(setup, asked, ["id", "op"])
            if row["op"] in ("c", "d") and row["id"].endswith(row["op"])
        }
        new = (_keys_of(setup, subject, halves) if halves else set()) - known
    return msgspec.structs.replace(subject, keys=tuple(sorted(known)))


def _keys_of(setup: PrivacySetup, subject: Subject, ids: set[str]) -> set[str]:
    """The keys of the changes of a table with these ids."""
    found: set[str] = set()
    of_table = msgspec.structs.replace(subject, keys=())
    for batch in setup.archive.lake.scan(["id", "key"], where=where(of_table)):
        mine = batch.filter(
            pc.is_in(batch.column("id").cast(pa.string()), pa.array(sorted(ids), pa.string()))
        )
        found.update(mine.column("key").to_pylist())
    return found


def of_table(setup: PrivacySetup, table: Subject, columns: Sequence[str]) -> Iterator[Row]:
    """All archived changes of a table and its rows in snapshots, whatever their keys.

    Rows of snapshots have no `before`.
    """
    named = ["source", "database", "table"]
    all_rows = msgspec.structs.replace(table, keys=())
    for batch in setup.archive.lake.scan([*named, *columns], where=where(all_rows)):
        yield from batch.filter(_of_names(batch, table)).to_pylist()
    of_snapshots = [*named, *(name for name in columns if name != "before")]
    for each in setup.snapshots.store.all():
        for batch in setup.snapshots.table.rows(each.id, table.full_name, of_snapshots):
            yield from batch.filter(_of_names(batch, table)).to_pylist()


def _of_names(rows: Any, subject: Subject) -> Any:
    """Which rows of a batch are of the subject's table."""
    (first, *others) = (pc.equal(rows.column(name), text) for name, text in _names(subject))
    for each in others:
        first = pc.and_(first, each)
    return first


def _names(of: Subject) -> list[tuple[str, str]]:
    return [("source", of.source), ("database", of.database), ("table", of.table)]


def _quoted(text: str) -> str:
    """A literal of a filter; empty for a text that the filter's syntax may misread."""
    return f"'{text}'" if not set(text) & {"'", "\\", "\n", "\r"} else ""
