"""Message packing: encoded changes of a group become one message, sent and sent again."""

from collections import deque

import msgspec

from shared.adapters.topic.contract import Entry
from shared.domain.change_encoding import Packed
from shared.domain.trace_sampling import NO_SAMPLING, TraceSampler
from shared.values.compression import compressed
from shared.values.deduplication_id import hash_ids
from shared.values.message import ENCODING, PUBLISHED
from shared.values.seq import split_seq
from shared.values.traceparent import LENGTH, Traceparent

MAX_MESSAGE_BYTES = 240 * 1024
MAX_MESSAGE_CHANGES = 500
"""What a consumer surely applies in its time-out: of the JSON, also where it travels compressed."""

_UNTRACED = b'null,"changes":['
"""The end of a header that names no trace."""

_TRACE_SIZE = LENGTH + len('""') - len("null")
_ENCODING_SIZE = sum(len(name) + len("String") + len(value) for name, value in ENCODING.items())


class Group:
    """One message group.

    first: lowest number that is not acknowledged.
    since: when its oldest waiting change came.
    """

    __slots__ = ("first", "parcel", "since", "waiting", "weight")

    def __init__(self) -> None:
        self.waiting: deque[Packed] = deque()
        self.weight = 0  # bytes waiting
        self.parcel: Parcel | None = None  # in flight, or to be sent before anything later
        self.first, self.since = 0, 0.0


class Parcel:
    """One message, as it is sent and sent again.

    changes: how many are in it.
    weight: bytes of these.
    raw: bytes of its JSON with attributes.
    entry: the message without the time of its publication.
    size: bytes of everything that SNS counts, with that time.
    group: the group that it belongs to.
    trace: the trace that it is in. traced: its changes, where it is traced.
    With `compress` its body is compressed where that makes it smaller.
    """

    __slots__ = (
        "changes",
        "entry",
        "failures",
        "group",
        "raw",
        "retry_at",
        "size",
        "trace",
        "traced",
        "weight",
    )

    def __init__(
        self,
        group: Group,
        packed: list[Packed],
        *,
        compress: bool,
        trace: Traceparent | None = None,
    ) -> None:
        header = packed[0].header
        self.trace, self.traced = trace, packed if trace else []
        head = header.head if trace is None else _traced_head(header.head, trace)
        body, attributes = (
            head + b",".join([each.json for each in packed]) + header.tail,
            header.attributes,
        )
        self.raw = self.size = header.size - len(header.head) - len(header.tail) + len(body)
        if compress:
            smaller = compressed(body)
            saved = len(body) - len(smaller) - _ENCODING_SIZE
            if saved > 0:
                body, attributes, self.size = smaller, attributes | ENCODING, self.raw - saved
        # With its epoch: what a former holder published under old numbers must not swallow the same
        # changes under new ones, or these would have holes.
        # With the job of another lane: its changes may have been live within the last minutes.
        run = f"epoch {split_seq(packed[0].seq)[0]}"
        if job := header.attributes.get("run"):
            run = f"{run} of {job}"
        deduplication_id = hash_ids((each.id for each in packed), run=run)
        self.entry = Entry(body.decode(), header.group, deduplication_id, attributes)
        self.group, self.changes = group, len(packed)
        self.weight = sum(len(each.json) for each in packed)
        self.failures, self.retry_at = 0, 0.0

    def published_at(self, seconds: float) -> Entry:
        """The message as a relay publishes it. seconds: since 1970."""
        told = {PUBLISHED: str(int(seconds * 1000))}
        return msgspec.structs.replace(self.entry, attributes=self.entry.attributes | told)


def take_parcel(
    group: Group, room: int, *, compress: bool, sampler: TraceSampler = NO_SAMPLING
) -> Parcel | None:
    """The next message of a group with waiting changes; None when the first change does not fit.

    room: bytes that its JSON and attributes may have at most.
    sampler: decides whether it is traced.
    """
    header = group.waiting[0].header
    size, limit = header.size, min(room, MAX_MESSAGE_BYTES)
    if sampler.rate:
        size += _TRACE_SIZE
    packed: list[Packed] = []
    while group.waiting and len(packed) < MAX_MESSAGE_CHANGES:
        each = group.waiting[0]
        if each.header is not header or size + len(each.json) + 1 > limit:
            break
        size += len(each.json) + 1
        packed.append(group.waiting.popleft())
    if not packed:
        return None
    parcel = Parcel(group, packed, compress=compress, trace=sampler.next(len(packed)))
    group.weight -= parcel.weight
    return parcel


def _traced_head(head: bytes, trace: Traceparent) -> bytes:
    before = head.removesuffix(_UNTRACED)
    assert before != head
    return before + f'"{trace}"'.encode() + _UNTRACED.removeprefix(b"null")
