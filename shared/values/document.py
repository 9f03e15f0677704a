"""Document: what a row looks like in Elasticsearch — its id, its fields, their names.

The id is made from the row's key (or from the `id` columns of the stanza) so that anybody can
compute it, and read it back:

- one column: its text as it is; a text of nothing but n backslashes (the empty text is n = 0) gets
  one more, for an id may not be empty;
- several: their texts joined by `:`, with `\\` before each `:` and `\\` inside them;
- longer than 512 bytes, which Elasticsearch refuses (or starting with `sha256:` itself): `sha256:`
  and the hash of that id, which cannot be read back.
"""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from shared.values.change import Change, Row
from shared.values.errors import ConfigError, RowlineError
from shared.values.settings import ConsumerSettings

ID_LIMIT = 512
"""Bytes. Source: Elasticsearch reference, "_id field"."""

_HASHED = "sha256:"
_PART = re.compile(r"((?:[^\\:]|\\.)*)(:|\Z)", re.DOTALL)
_RESERVED = frozenset(
    "_doc_count _feature _field_names _id _ignored _ignored_source _index "
    "_inference_fields _nested_path _routing _seq_no _source _tier _type _version".split()
)


class DocumentError(RowlineError):
    """This one row cannot become a document (a null in its id, two columns of one field); other
    rows can.
    """


class Shape(msgspec.Struct, frozen=True):
    """How a consumer's rows become documents: the `id`, `fields` and `rename` of its stanza,
    checked.
    """

    id: tuple[str, ...] = ()
    fields: frozenset[str] = frozenset()
    rename: dict[str, str] = {}

    @staticmethod
    def of(consumer: ConsumerSettings) -> "Shape":
        """Check a stanza. Raises ConfigError naming the place in it."""
        stanza, place = consumer.elasticsearch, f"consumers.{consumer.name}.elasticsearch"
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
                hint="Add it there, or drop it here.",
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
        except DocumentError as error:
            raise ConfigError(error.what, thing=f"{place}.rename", hint=error.hint) from None
        return shape

    def names(self, columns: Sequence[str] | Mapping[str, Any]) -> dict[str, str]:
        """Column → field, for those of `columns` that are kept. Raises DocumentError when two would
        share a field.
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
                    raise DocumentError(
                        f"puts both {owner[field]} and {column} into the field {field}.",
                        thing="rename",
                        hint="Rename one of them to a name of its own.",
                    )
                owner[field] = column
        return names

    def body(self, row: Row) -> dict[str, Any]:
        """The document of a row. Raises DocumentError."""
        if not self.fields and not self.rename and all(map(_is_safe, row)):
            return row
        return {field: row[column] for column, field in self.names(row).items()}

    def row_id(self, row: Row, key: Sequence[str]) -> str:
        """The document id of a whole row of a table with this key. Raises DocumentError."""
        columns = self.id or tuple(key)
        try:
            return encode_id([row[column] for column in columns])
        except KeyError as error:
            raise DocumentError(
                f"has no column {error.args[0]}, which the document id is made of.",
                thing="row",
                hint="Is it dropped by the source's stanza?",
            ) from None

    def change_ids(self, change: Change) -> tuple[str | None, str | None]:
        """The ids of a row's document before and after a change, None where there is none. They
        differ when an `id` column was updated. Raises DocumentError.
        """
        if not self.id:
            id = encode_id(list(change.key.values()))
            return (id, None if change.op == "d" else id)
        before = self.row_id(change.before, ()) if change.before is not None else None
        after = self.row_id(change.after, ()) if change.after is not None else None
        return before, after


def encode_id(values: Sequence[Any]) -> str:
    """The document id made of these key values. Raises DocumentError when one is null or there are
    none.
    """
    texts = [_text(value) for value in values]
    if not texts:
        raise DocumentError(
            "has no key, so its document has no id.",
            thing="row",
            hint="Give the table a `key:` in the source's stanza.",
        )
    if len(texts) == 1:
        id = texts[0] if texts[0].strip("\\") else texts[0] + "\\"
    else:
        id = ":".join(text.replace("\\", "\\\\").replace(":", "\\:") for text in texts)
    raw = id.encode()
    return (
        _HASHED + sha256(raw).hexdigest() if len(raw) > ID_LIMIT or id.startswith(_HASHED) else id
    )


def decode_id(id: str, parts: int) -> list[str] | None:
    """The texts of the `parts` key values in a document id; None when it is a hash or was not made
    by `encode_id`.
    """
    if id.startswith(_HASHED):
        return None
    if parts == 1:
        return [id if id.strip("\\") else id[:-1]]
    texts, at = [], 0
    while match := _PART.match(id, at):
        texts.append(re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL))
        if not match[2]:
            return texts if len(texts) == parts else None
        at = match.end()
    return None


def address(alias: str, id: str) -> str:
    """One name for a document across indexes, under which its deletion is recorded. With an empty
    id it stands for all documents of `alias`: a truncated table.
    """
    return f"{alias}/{id}"


def split_address(text: str) -> tuple[str, str]:
    """(alias, id) of an address; the id is empty where it stands for a truncated table."""
    alias, _, id = text.partition("/")
    return alias, id


def safe_field(column: str) -> str:
    """The field a column goes to unless it is renamed: its name, with `_` for each dot
    (Elasticsearch reads dots as objects) and after a name that Elasticsearch reserves.
    """
    if _is_safe(column):
        return column
    field = column.replace(".", "_")
    return field + "_" if field in _RESERVED or not field.strip() else field


def _is_safe(column: str) -> bool:
    return "." not in column and column not in _RESERVED and bool(column.strip())


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        raise DocumentError(
            "has a null in a column that its document id is made of.",
            thing="row",
            hint="Make the id of columns that are NOT NULL.",
        )
    return msgspec.json.encode(value).decode()
