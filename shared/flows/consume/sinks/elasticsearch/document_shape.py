"""Shape: how the rows of a consumer become documents: which fields, under which names and id."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from shared.flows.consume.sinks.elasticsearch.document_id import encode_id
from shared.flows.consume.sinks.elasticsearch.sink_settings import ElasticsearchSettings
from shared.flows.consume.sinks.elasticsearch.unmappable_row import UnmappableRow
from shared.values.change import Change, Row
from shared.values.errors import ConfigError

_RESERVED = frozenset(
    "_doc_count _feature _field_names _id _ignored _ignored_source _index "
    "_inference_fields _nested_path _routing _seq_no _source _tier _type _version".split()
)


class Shape(msgspec.Struct, frozen=True):
    """The `id`, `fields` and `rename` of a stanza, checked."""

    id: tuple[str, ...] = ()
    fields: frozenset[str] = frozenset()
    rename: dict[str, str] = {}

    @staticmethod
    def of(stanza: ElasticsearchSettings, place: str) -> "Shape":
        """Check a stanza. Raises ConfigError naming the place in it, which `place` leads to."""
        for name, columns in (("fields", stanza.fields), ("id", stanza.id)):
            if twice := sorted({column for column in columns if columns.count(column) > 1}):
                raise ConfigError(
                    f"names {twice[0]} twice.",
                    thing=f"{place}.{name}",
                    hint="Name each column once.",
                )
        if stanza.fields and (unknown := sorted(set(stanza.rename) - set(stanza.fields))):
            raise ConfigError(
                f"renames {unknown[0]}, which is not among `fields`.",
                thing=f"{place}.rename",
                hint="Add it to `fields`, or take it out of `rename`.",
            )
        shape = Shape(stanza.id, frozenset(stanza.fields), stanza.rename)
        for column, field in stanza.rename.items():
            if field != safe_field(field):
                raise ConfigError(
                    f"{field!r} cannot be a field of a document.",
                    thing=f"{place}.rename.{column}",
                    hint="No dots, no name that Elasticsearch reserves.",
                )
        try:
            shape.names(stanza.fields or stanza.rename)
        except UnmappableRow as error:
            raise ConfigError(error.what, thing=f"{place}.rename", hint=error.hint) from None
        return shape

    def names(self, columns: Sequence[str] | Mapping[str, Any]) -> dict[str, str]:
        """Column → field, for those of `columns` that are kept.

        Raises UnmappableRow when two would share a field.
        """
        names = {
            column: self.rename.get(column) or safe_field(column)
            for column in columns
            if not self.fields or column in self.fields
        }
        if len(set(names.values())) < len(names):
            owner: dict[str, str] = {}
            for column, field in names.items():
                if field in owner:
                    raise UnmappableRow(
                        f"puts both {owner[field]} and {column} into the field {field}.",
                        thing="rename",
                        hint="Rename one of them to a name of its own.",
                    )
                owner[field] = column
        return names

    def body(self, row: Row) -> dict[str, Any]:
        """The document of a row. Raises UnmappableRow."""
        if not self.fields and not self.rename and _are_safe(tuple(row)):
            return row
        return {field: row[column] for column, field in self.names(row).items()}

    def row_id(self, row: Row, key: Sequence[str]) -> str:
        """The document id of a whole row of a table with this key. Raises UnmappableRow."""
        columns = self.id or tuple(key)
        try:
            return encode_id([row[column] for column in columns])
        except KeyError as error:
            raise UnmappableRow(
                f"has no column {error.args[0]}, which the document id is made of.",
                thing="row",
                hint="Is it dropped by the source's stanza?",
            ) from None

    def change_ids(self, change: Change) -> tuple[str | None, str | None]:
        """The ids of a row's document before and after a change, None where there is none.

        They differ when an `id` column was updated. Raises UnmappableRow.
        """
        if not self.id:
            id = encode_id(list(change.key.values()))
            return (id, None if change.op == "d" else id)
        before = self.row_id(change.before, ()) if change.before is not None else None
        after = self.row_id(change.after, ()) if change.after is not None else None
        return before, after


def safe_field(column: str) -> str:
    """The field of a column that is not renamed: its name, made safe.

    Each dot becomes `_`, because Elasticsearch reads dots as objects. A name that Elasticsearch
    reserves gets `_` at its end.
    """
    if _is_safe(column):
        return column
    field = column.replace(".", "_")
    return field + "_" if field in _RESERVED or not field.strip() else field


@lru_cache(1024)  # asked for each row
def _are_safe(columns: tuple[str, ...]) -> bool:
    return all(map(_is_safe, columns))


@lru_cache(4096)
def _is_safe(column: str) -> bool:
    return "." not in column and column not in _RESERVED and bool(column.strip())
