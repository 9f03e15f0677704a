"""The archive's sink: each slice of changes becomes one object of the landing, or Firehose gets it.

An object is durable when S3 has answered, and a record when Firehose has accepted it. Only then are
its changes applied. The committer moves them into the table, and drops what is there already.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Literal

import msgspec

from shared.adapters import aws
from shared.adapters.firehose.contract import MOST_RECORD, DeliveryStream
from shared.adapters.firehose.firehose_stream import FirehoseStream
from shared.adapters.landing.contract import Landing
from shared.adapters.landing.s3 import S3Landing
from shared.adapters.stack.environment import variable
from shared.domain.firehose_records import pack
from shared.domain.sink import Arrival, Outcome, Slice, Surroundings
from shared.values import landing_encoding
from shared.values.errors import RowlineError
from shared.values.message import Message
from shared.values.seq import split_seq

_ROWS = {"c": (False, True), "u": (None, True), "d": (None, False), "r": (False, True)}
"""Operation → whether it has `before` and `after`; None: it may."""

PUT_SECONDS = 10.0
"""The longest wait for an answer of Firehose to 4 MiB."""


class ArchiveSinkSettings(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="archive"
):
    """The settings of the archive's sink.

    via: how changes come into the landing.
    """

    via: Literal["s3", "firehose"] = "s3"


Settings = ArchiveSinkSettings


class ArchiveSink:
    """Writes what it gets into a landing, or hands it to a stream that does.

    stream: None: every change is written into the landing. Else only those are that are too large
        for it.
    """

    def __init__(self, landing: Landing, stream: DeliveryStream | None = None) -> None:
        self._landing, self._stream = landing, stream

    def apply(self, slice: Slice) -> list[Outcome]:
        if not slice.may_go_on():
            return [Outcome("failed", "the function's time was over")] * len(slice.arrivals)
        outcomes = [_decided(each) for each in slice.arrivals]
        sound = [
            each for each, outcome in zip(slice.arrivals, outcomes, strict=True) if outcome is None
        ]
        written = iter(self._written(sound, slice.may_go_on))
        return [outcome or next(written) for outcome in outcomes]

    def probe(self) -> str:
        next(iter(self._landing.list()), None)
        return ""

    def _written(self, arrivals: Sequence[Arrival], may_go_on: Callable[[], bool]) -> list[Outcome]:
        if not arrivals:
            return []
        if self._stream is None:
            return [self._write(arrivals)] * len(arrivals)
        records, large = pack(arrivals, MOST_RECORD)
        outcomes = [Outcome("applied")] * len(arrivals)
        if large:
            landed = self._write([arrivals[at] for at in large])
            outcomes = [landed if at in large else each for at, each in enumerate(outcomes)]
        for record, why in zip(
            records, self._put([each.body for each in records], may_go_on), strict=True
        ):
            for at in record.places if why else ():
                outcomes[at] = Outcome("failed", why)
        return outcomes

    def _put(self, records: list[bytes], may_go_on: Callable[[], bool]) -> list[str]:
        """Why the stream did not accept each record; empty for those that it did."""
        assert self._stream is not None
        try:
            reasons = self._stream.put(records, may_go_on)
        except RowlineError as error:  # rights or settings: nothing is wrong with the changes
            return [error.what] * len(records)
        return [why and f"Firehose did not accept the record: {why}" for why in reasons]

    def _write(self, arrivals: Sequence[Arrival]) -> Outcome:
        name = landing_encoding.name_of([(each.message.stream, each.change) for each in arrivals])
        try:
            self._landing.put(name, landing_encoding.encode(_messages(arrivals)))
        except RowlineError as error:  # an outage, rights or settings: the changes are good
            return Outcome("failed", f"landing: {error.what}")
        return Outcome("applied")


def _decided(arrival: Arrival) -> Outcome | None:
    """The outcome of what is not archived; None for the rest.

    Rows that are sent again carry the numbers of other changes, and would take their places.
    """
    if arrival.lane in ("backfill", "replay"):
        return Outcome("superseded", asked=False)
    why = fault(arrival)
    return Outcome("refused", why, asked=False) if why else None


def fault(arrival: Arrival) -> str:
    """Why a change cannot be archived; empty for a sound one."""
    message, change = arrival.message, arrival.change
    if not (message.stream and message.database and message.table):
        return "message: stream, database or table is empty"
    if not change.id:
        return "id: it is empty"
    if not 0 < change.seq < 1 << 63 or split_seq(change.seq)[1] < 1:
        return f"seq: {change.seq} is no number of a stream"
    if not 0 <= change.ts_ms <= landing_encoding.LATEST_MS:
        return f"ts_ms: {change.ts_ms} is no time that engines read"
    if not 0 <= message.schema_version <= landing_encoding.LAST_VERSION:
        return f"schema_version: {message.schema_version} is no version of a table"
    if not 0 <= change.tx.index <= landing_encoding.LAST_INDEX:
        return f"tx: {change.tx.index} is no place in a transaction"
    if not landing_encoding.is_text(
        message.stream, message.source, message.database, message.table, message.group
    ) or not landing_encoding.is_text(message.traceparent or "", change.id, change.tx.id):
        return "message: one of its names has half a surrogate pair"
    if change.claim:
        return "claim: its row was not fetched"
    if change.op == "t":
        return "" if change.before is None and change.after is None else "truncate: it has a row"
    if not change.key:
        return "key: it is empty"
    for name, has, row in zip(
        ("before", "after"), _ROWS[change.op], (change.before, change.after), strict=True
    ):
        if has is not None and has != (row is not None):
            return f"{name}: operation {change.op} {'lacks' if has else 'has'} it"
    return ""


def _messages(arrivals: Sequence[Arrival]) -> list[Message]:
    """The messages of these changes, each with its own changes only."""
    messages: list[Message] = []
    last: Message | None = None
    for each in arrivals:
        if each.message is not last:
            last = each.message
            messages.append(msgspec.structs.replace(last, changes=[]))
        messages[-1].changes.append(each.change)
    return messages


class OpenedLater:
    """An ArchiveSink that is opened when it is first used.

    A snapshot is a job of the archive's consumer and writes nothing through its sink. Neither the
    jobs function nor a command has the names that the template gives the consumer's function.
    """

    def __init__(self, opened: Callable[[], ArchiveSink]) -> None:
        self._opened = cache(opened)

    def apply(self, slice: Slice) -> list[Outcome]:
        return self._opened().apply(slice)

    def probe(self) -> str:
        return self._opened().probe()


def build(settings: ArchiveSinkSettings, around: Surroundings) -> OpenedLater:
    """The sink of a stage's archive, in the bucket that the template names."""

    def opened() -> ArchiveSink:
        landing = S3Landing(aws.client("s3"), variable("ROWLINE_ARCHIVE_BUCKET"))
        if settings.via == "s3":
            return ArchiveSink(landing)
        client = aws.client("firehose", attempts=1, read_seconds=PUT_SECONDS)
        return ArchiveSink(landing, FirehoseStream(client, variable("ROWLINE_ARCHIVE_STREAM")))

    return OpenedLater(opened)
