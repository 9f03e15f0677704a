"""Finding: the changes and the rows of snapshots that belong to a person."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from shared.adapters.lake.columns import ARROW
from shared.adapters.snapshots.columns import ARROW as SNAPSHOT_ARROW
from shared.flows.privacy.setup import PrivacySetup
from shared.values.change import Row
from shared.values.erasure import Relation, Subject
from shared.values.errors import ConfigError
from shared.values.json_text import encode_json

_plain = msgspec.json.Decoder(dict[str, msgspec.Raw])


def where(subject: Subject | Relation) -> str:
    """A filter by which the engine skips files. `holding` decides on rows."""
    parts = [f"{name} = {_quoted(text)}" for name, text in _names(subject) if _quoted(text)]
    keys = [_quoted(key) for key in subject.keys] if isinstance(subject, Subject) else []
    if keys and all(keys):
        parts.append(f"key in ({', '.join(keys)})")
    return " and ".join(parts)


def holding(rows: Any, subject: Subject) -> Any:
    """Which rows of a batch or table are the subject's."""
    keys = pa.array(subject.keys, pa.string())
    found = pc.is_in(rows.column("key").cast(pa.string()), keys)
    for name, text in _names(subject):
        found = pc.and_(found, pc.equal(rows.column(name), text))
    return found


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


def with_related(
    setup: PrivacySetup, subject: Subject, relations: Sequence[Relation]
) -> list[Subject]:
    """The subject, and the rows of other tables that belong to it. Raises ConfigError."""
    found = [subject]
    for each in relations:
        keys = sorted(_related(setup, each, _values(subject)))
        if keys:
            found.append(Subject(each.source, each.database, each.table, tuple(keys)))
    return found


def _related(setup: PrivacySetup, relation: Relation, values: set[bytes]) -> set[str]:
    keys: set[str] = set()

    def look(batch: pa.RecordBatch) -> None:
        for row in batch.to_pylist():
            if [row[name] for name, _ in _names(relation)] != [
                text for _, text in _names(relation)
            ]:
                continue
            for text in (row.get("before"), row.get("after")):
                if text is not None and _value(text, relation.column) in values:
                    keys.add(row["key"])

    columns = ["source", "database", "table", "key", "before", "after"]
    for batch in setup.archive.lake.scan(columns, where=where(relation)):
        look(batch)
    name = f"{relation.database}.{relation.table}"
    for each in setup.snapshots.store.all():
        for batch in setup.snapshots.table.rows(
            each.id, name, ["source", "database", "table", "key", "after"]
        ):
            look(batch)
    return keys


def _values(subject: Subject) -> set[bytes]:
    """The values of a key of one column."""
    found = set()
    for key in subject.keys:
        values = list(_plain.decode(key).values())
        if len(values) != 1:
            raise ConfigError(
                "has a key of several columns.",
                thing=f"table {subject.full_name}",
                hint="--related needs a key of one column: name each table with its own --key.",
            )
        found.add(encode_json(msgspec.json.decode(values[0])))
    return found


def _value(text: str, column: str) -> bytes | None:
    found = _plain.decode(text).get(column)
    return None if found is None else encode_json(msgspec.json.decode(found))


def _names(of: Subject | Relation) -> list[tuple[str, str]]:
    return [("source", of.source), ("database", of.database), ("table", of.table)]


def _quoted(text: str) -> str:
    """A literal of a filter; empty for a text that the filter's syntax may misread."""
    return f"'{text}'" if not set(text) & {"'", "\\", "\n", "\r"} else ""
