"""Landing encoding: the form of changes in the landing: compressed JSON lines, a message a line.

The consumer compresses with zstd, Firehose with gzip; the first bytes of an object say which.
"""

import json
import zlib
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Annotated

import msgspec

from shared.values.change import Change
from shared.values.compression import zstd
from shared.values.json_text import encode_json
from shared.values.message import Message

LEVEL = 3
MOST_BYTES = 1 << 29
"""Of one object, expanded; a batch of messages is far smaller."""


LATEST_MS = 253_402_300_799_999
"""The end of the year 9999: the last time that engines read."""

LAST_VERSION, LAST_INDEX = (1 << 31) - 1, (1 << 63) - 1
"""The largest numbers that the table's columns `schema_version` and `tx_index` hold."""


class LandedTransaction(msgspec.Struct, frozen=True, gc=False):
    """See `Transaction`."""

    id: str
    index: Annotated[int, msgspec.Meta(ge=0, le=LAST_INDEX)]
    last: bool


class LandedChange(msgspec.Struct, frozen=True, gc=False):
    """A change whose key and rows stay the JSON text that they came as; `null` for no row."""

    id: str
    seq: Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]
    op: str
    ts_ms: Annotated[int, msgspec.Meta(ge=0, le=LATEST_MS)]
    key: msgspec.Raw
    before: msgspec.Raw
    after: msgspec.Raw
    tx: LandedTransaction


class LandedMessage(msgspec.Struct, frozen=True, gc=False):
    """The message that changes came in; see `Message`."""

    stream: str
    source: str
    database: str
    table: str
    schema_version: Annotated[int, msgspec.Meta(ge=0, le=LAST_VERSION)]
    group: str
    traceparent: str | None
    changes: list[LandedChange]


_GZIP = b"\x1f\x8b"
"""How a gzip member begins. Source: RFC 1952, "Member header and trailer"."""

_decoder = msgspec.json.Decoder(LandedMessage)


def encode(messages: Iterable[Message]) -> bytes:
    """The content of an object."""
    return zstd.compress(b"\n".join(encode_json(each) for each in messages), level=LEVEL)


def line(message: Message) -> bytes:
    """One message as Firehose gets it: it puts lines after each other, and compresses them."""
    return encode_json(message) + b"\n"


def decode(body: bytes) -> list[LandedMessage]:
    """The messages of an object, each of which fits the table.

    Raises ValueError for an object that is damaged, or has a value that the table cannot hold.
    """
    try:
        plain = _gunzipped(body) if body.startswith(_GZIP) else _expanded(body)
        return [_message(line) for line in plain.split(b"\n") if line]
    except (zstd.ZstdError, zlib.error, msgspec.MsgspecError, LookupError, TypeError) as error:
        raise ValueError(str(error)) from None


def _expanded(body: bytes) -> bytes:
    reader = zstd.ZstdDecompressor()
    plain = reader.decompress(body, MOST_BYTES)
    if not reader.eof or reader.unused_data:
        raise ValueError("compressed data: length")
    return plain


def _gunzipped(body: bytes) -> bytes:
    """Members one after the other: a gzip file may have several."""
    plain = b""
    while body:
        reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
        plain += reader.decompress(body, MOST_BYTES - len(plain))
        if not reader.eof:
            raise ValueError("compressed data: length")
        body = reader.unused_data
    return plain


def _message(line: bytes) -> LandedMessage:
    """One line. A lone surrogate, which msgspec does not read, stays the escape that it is."""
    try:
        return _decoder.decode(line)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        if b"\\u" not in line:
            raise
    plain = json.loads(line)
    for change in plain["changes"]:
        for name in ("key", "before", "after"):
            text = json.dumps(change[name], ensure_ascii=True, separators=(",", ":"))
            change[name] = msgspec.Raw(text.encode())
    found = msgspec.convert(plain, LandedMessage)
    names = [found.stream, found.source, found.database, found.table, found.group]
    ids = [text for each in found.changes for text in (each.id, each.op, each.tx.id)]
    if not is_text(*names, found.traceparent or "", *ids):
        raise ValueError("a name has half a surrogate pair")
    return found


def is_text(*texts: str) -> bool:
    """Whether the table can hold these texts: half a surrogate pair has no UTF-8."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return False
    return True


def name_of(changes: Sequence[tuple[str, Change]]) -> str:
    """The name of the object with these changes, each with its stream.

    The same changes have the same name, so that a batch that is delivered again replaces its own
    object. Names sort by the oldest commit time.
    """
    digest = blake2b(digest_size=16)
    for stream, change in changes:
        digest.update(f"{stream}\0{change.seq}\0{change.id}\0".encode())
    oldest = max(0, min(change.ts_ms for _, change in changes))
    return f"{oldest:014d}-{digest.hexdigest()}.zst"
