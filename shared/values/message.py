"""Message: changes of one message group, in order, as they travel through SNS and SQS."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from shared.values.change import Change
from shared.values.compression import expanded
from shared.values.errors import RowlineError
from shared.values.json_text import decode_json, encode_json

PUBLISHED = "published"
"""The attribute that tells when the relay asked SNS to publish a message, in Unix ms. A relay that
repeats a message tells the later time.
"""
PUBLISHED_SIZE = len(PUBLISHED) + len("String") + len("1700000000000")
"""Bytes of this attribute, as SNS counts them."""

Lane = Literal["live", "redrive", "replay", "backfill"]
RUN_LANES: tuple[Lane, ...] = ("backfill", "replay")
"""Lanes of jobs that bring rows: their messages count only while the job is under way."""

VERSION = 1

ENCODING = {"encoding": "zstd"}
"""The attribute of a message whose body is compressed: for people and tools that look at a queue;
`decode` needs no attribute.
"""


class Message(msgspec.Struct, frozen=True, gc=False):
    """The body that is published. Readers accept this version and the one before it."""

    stream: str
    source: str
    database: str
    table: str
    schema_version: int
    group: str
    traceparent: str | None
    changes: list[Change]
    v: int = VERSION

    @property
    def full_name(self) -> str:
        return f"{self.database}.{self.table}"


_decoder = msgspec.json.Decoder(Message)


def encode(message: Message) -> str:
    """The message body: JSON text."""
    return encode_json(message).decode()


def frame(message: Message) -> tuple[bytes, bytes]:
    """The bytes before and after the changes in a message's body.

    For callers that hold the changes as JSON already. `message` has no changes.
    """
    head, _, tail = encode_json(message).rpartition(b'"changes":[]')
    return head + b'"changes":[', b"]" + tail


def plain(body: str | bytes) -> bytes:
    """A body as JSON, compressed or not. Raises RowlineError."""
    try:
        return expanded(body.encode() if isinstance(body, str) else body)
    except ValueError as error:
        raise _no_message(error) from None


def decode(body: str | bytes) -> Message:
    """Read a message body, compressed or not.

    Raises RowlineError for a body that is no message, or a message of an unknown version.
    """
    return decode_plain(plain(body))


def decode_plain(text: bytes) -> Message:
    """Read what `plain` returned. Raises RowlineError as `decode` does."""
    try:
        message = decode_json(text, _decoder)
    except msgspec.MsgspecError as error:
        raise _no_message(error) from None
    _check_version(message.v)
    return message


def _check_version(version: int) -> None:
    if not VERSION - 1 <= version <= VERSION:
        raise RowlineError(
            f"has version {version}; this code reads {VERSION - 1} and {VERSION}.",
            thing="queue message",
            hint="Deploy the consumers before the relay.",
        )


Loose = tuple[Change | tuple[str, bytes], int]
"""A change, or why a text is none and that text; and its size in bytes."""


class _LooseMessage(msgspec.Struct, frozen=True):
    stream: str
    source: str
    database: str
    table: str
    schema_version: int
    group: str
    traceparent: str | None
    changes: list[msgspec.Raw]
    v: int = VERSION


_loose_decoder, _change_decoder = (
    msgspec.json.Decoder(_LooseMessage),
    msgspec.json.Decoder(Change),
)


def loosely(body: str | bytes) -> tuple[Message, list[Loose]]:
    """Read a message body change by change; the message has only the readable ones.

    Raises RowlineError for a body that is no message, or a message of an unknown version.
    """
    try:
        loose = _loose_decoder.decode(plain(body))
    except msgspec.MsgspecError as error:
        raise _no_message(error) from None
    _check_version(loose.v)
    found: list[Loose] = []
    for raw in loose.changes:
        text = bytes(raw)
        try:
            found.append((decode_json(text, _change_decoder), len(text)))
        except msgspec.MsgspecError as error:
            found.append(((str(error), text), len(text)))
    changes = [one for one, _ in found if isinstance(one, Change)]
    header = {name: getattr(loose, name) for name in Message.__struct_fields__ if name != "changes"}
    return Message(**header, changes=changes), found


def with_raw_change(message: Message, change: bytes) -> str:
    """The body of a message with one change, whatever its text is."""
    head, tail = frame(msgspec.structs.replace(message, changes=[]))
    return (head + change + tail).decode()


def _no_message(error: Exception) -> RowlineError:
    return RowlineError(
        f"is not a Rowline message: {error}.",
        thing="queue message",
        hint="Something else publishes to this topic or queue.",
    )


def attributes(source: str, table: str, lane: Lane) -> dict[str, str]:
    """The message attributes that subscriptions filter on; `table` is `database.table`."""
    return {"source": source, "table": table, "lane": lane}


def published_ms(attributes: Mapping[str, str]) -> int:
    """When the relay published a message with these attributes, Unix ms; 0 when they do not tell.

    Relays of earlier versions do not tell, and no relay sends messages of other lanes.
    """
    told = attributes.get(PUBLISHED, "")
    return int(told) if told.isascii() and told.isdigit() else 0
