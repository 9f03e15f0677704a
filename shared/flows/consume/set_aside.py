"""Set aside: a change that will never be accepted goes to the consumer's DLQ, with its reason.

It goes alone, and holds up nothing.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b

from shared.adapters.queue.contract import Queue
from shared.adapters.topic.contract import Entry
from shared.domain.sink import Outcome
from shared.flows.consume.batch import Opened, Piece, settled_of
from shared.values.message import Message, attributes, deduplication_id, encode

REASON_LIMIT = 500
_BATCH_ENTRIES = 10
_BATCH_BYTES = 262_144
# Source: SQS API reference, SendMessage: the characters that a body or attribute may hold.
_NOT_ALLOWED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def set_refused_aside(
    queue: Queue,
    consumer: str,
    groups: Mapping[str, Sequence[Opened]],
    may_go_on: Callable[[], bool],
) -> None:
    """Send each refused change as a message of its own; one that cannot be sent has failed.

    Those behind a failure wait for its next delivery. Sent twice within five minutes a change is
    there once; killed before the mark moved, a later attempt may leave a second copy.
    """
    refused = [
        (one, piece)
        for group in groups.values()
        for one, piece in settled_of(group)[1]
        if piece.outcome is not None and piece.outcome.kind == "refused"
    ]
    entries = [_entry(consumer, one, piece) for one, piece in refused]
    for (_, piece), problem in zip(refused, _send(queue, entries, may_go_on), strict=True):
        if problem is not None:
            piece.outcome = Outcome("failed", f"cannot be set aside: {problem}")


def _send(
    queue: Queue, entries: Sequence[Entry], may_go_on: Callable[[], bool]
) -> list[str | None]:
    """Per entry None, or why it could not be sent."""
    problems: list[str | None] = ["the function's time was over"] * len(entries)
    waiting = list(range(len(entries)))
    while waiting and may_go_on():
        batch = _next_batch(entries, waiting)
        for at, problem in zip(batch, queue.send([entries[at] for at in batch]), strict=True):
            problems[at] = problem
        waiting = [at for at in waiting if at not in batch]
    return problems


def _entry(consumer: str, one: Opened, piece: Piece) -> Entry:
    delivery, message, change = one.delivery, one.message, piece.change
    reason = piece.outcome.reason if piece.outcome else ""
    reason = _NOT_ALLOWED.sub("?", reason)[:REASON_LIMIT] or "refused"
    if message is None or change is None:
        identity = blake2b(
            f"{consumer}\0{delivery.deduplication_id}".encode(), digest_size=24
        ).hexdigest()
        return Entry(
            delivery.body, delivery.group, identity, {**delivery.attributes, "reason": reason}
        )
    alone = Message(
        message.stream,
        message.source,
        message.database,
        message.table,
        message.schema_version,
        message.group,
        message.traceparent,
        [change],
    )
    # In the lane `redrive`: moved back to the consumer's queue, it is not taken for a duplicate of
    # what the mark has passed.
    lane = attributes(message.source, message.full_name, "redrive")
    return Entry(
        encode(alone),
        delivery.group,
        deduplication_id([change], run=f"{consumer}/aside"),
        {**lane, "reason": reason},
    )


def _next_batch(entries: Sequence[Entry], waiting: Sequence[int]) -> list[int]:
    """The places of the entries of one request.

    They are the first waiting ones of each group, so that a group stays in order.
    """
    batch: list[int] = []
    groups: set[str] = set()
    size = 0
    for at in waiting:
        entry = entries[at]
        if entry.group in groups:
            continue
        size += len(entry.body.encode()) + sum(
            len(name) + len(value.encode()) + len("String")
            for name, value in entry.attributes.items()
        )
        if batch and (size > _BATCH_BYTES or len(batch) == _BATCH_ENTRIES):
            break
        groups.add(entry.group)
        batch.append(at)
    return batch
