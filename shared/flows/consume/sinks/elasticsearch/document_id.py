"""The id of a row's document, and the row's key from an id.

The id is made of the row's key, or of the `id` columns of the stanza, so that anybody can compute
it and read it back:

- one column: its text as it is. A text of nothing but n backslashes (the empty text is n = 0) gets
  one more, because an id may not be empty.
- several: their texts joined by `:`, with `\\` before each `:` and `\\` inside them.
- longer than 512 bytes, which Elasticsearch refuses, or starting with `sha256:` itself: `sha256:`
  and the hash of that id, which cannot be read back.
"""

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from shared.flows.consume.sinks.elasticsearch.unmappable_row import UnmappableRow

ID_LIMIT = 512
"""Bytes. Source: Elasticsearch reference, "_id field"."""

_HASHED = "sha256:"
_PART = re.compile(r"((?:[^\\:]|\\.)*)(:|\Z)", re.DOTALL)


def encode_id(values: Sequence[Any]) -> str:
    """The document id made of these key values. Raises UnmappableRow when one is null or there are
    none.
    """
    if len(values) == 1 and type(values[0]) is int:  # by far the most keys
        return str(values[0])
    texts = [_text(value) for value in values]
    if not texts:
        raise UnmappableRow(
            "has no key, so its document has no id.",
            thing="row",
            hint="Give the table a `key:` in the source's stanza.",
        )
    if len(texts) == 1:
        id = texts[0] if texts[0].strip("\\") else texts[0] + "\\"
    else:
        id = ":".join(text.replace("\\", "\\\\").replace(":", "\\:") for text in texts)
    try:
        raw = id.encode()
    except UnicodeEncodeError:
        raise UnmappableRow(
            "has half a surrogate pair in its key, so its document has no id.",
            thing="row",
            hint="Make the id of other columns.",
        ) from None
    return (
        _HASHED + sha256(raw).hexdigest() if len(raw) > ID_LIMIT or id.startswith(_HASHED) else id
    )


def decode_id(id: str, parts: int) -> list[str] | None:
    """The texts of the `parts` key values in a document id.

    None when it is a hash, or was not made by `encode_id`.
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


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        raise UnmappableRow(
            "has a null in a column that its document id is made of.",
            thing="row",
            hint="Make the id of columns that are NOT NULL.",
        )
    return msgspec.json.encode(value).decode()
