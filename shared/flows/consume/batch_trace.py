"""Batch trace: the segment of a consumer for each traced message of a batch."""

import secrets
from collections.abc import Iterator, Sequence

from shared.adapters.tracing.contract import TracedStep, Tracer, TraceSegment
from shared.domain.traced_changes import TracedChange, listed
from shared.flows.consume.batch import Opened
from shared.values.key_hash import key_hash
from shared.values.settings import ConsumerSettings
from shared.values.traceparent import Traceparent, read

_WORST = ("waiting", "failed", "refused", "applied", "superseded", "filtered", "duplicate")
"""The outcome of a message is the first of these that one of its changes has."""


class BatchTrace:
    """Records the messages of one consumer.

    name: the consumer's in X-Ray.
    """

    def __init__(self, tracer: Tracer, name: str, consumer: ConsumerSettings) -> None:
        self._tracer, self._name, self._consumer = tracer, name, consumer

    def record(self, opened: Sequence[Opened], received: float, began: float, ended: float) -> None:
        """Record the traced messages of a batch.

        received, began, ended: when the batch was received, and when the sink began and ended, in
            seconds since 1970.
        """
        traced = [(one, found) for one in opened if (found := _trace_of(one))]
        for one, trace in traced:
            self._tracer.record(self._segment(one, trace, received, began, ended))
        if traced:
            self._tracer.flush()

    def _segment(
        self, one: Opened, trace: Traceparent, received: float, began: float, ended: float
    ) -> TraceSegment:
        assert one.message is not None
        changes = list(_changes(one))
        outcomes = {change.outcome for change in changes}
        outcome = next((each for each in _WORST if each in outcomes), "duplicate")
        sent = one.delivery.sent_ms / 1000 or received
        return TraceSegment(
            Traceparent(trace.trace, secrets.token_hex(8)),
            self._name,
            received,
            ended,
            {
                "consumer": self._consumer.name,
                "stream": one.message.stream,
                "table": one.message.full_name,
                "group": one.message.group,
                "key_hash": changes[0].key if changes else "",
                "seq": str(changes[0].seq) if changes else "",
                "id": changes[0].id if changes else "",
                "outcome": outcome,
            },
            {
                **listed(changes),
                "lane": one.lane,
                "attempt": one.delivery.attempt,
                "queued": sent,
                "received": received,
                "settled": ended,
            },
            (
                TracedStep("open", received, began),
                TracedStep(self._consumer.kind, began, ended),
            ),
            parent=trace.segment,
            failed=outcome in ("waiting", "failed"),
        )


def _trace_of(one: Opened) -> Traceparent | None:
    return read(one.message.traceparent) if one.message else None


def _changes(one: Opened) -> Iterator[TracedChange]:
    """Each change of the message with its outcome; what is no piece any more was seen before."""
    assert one.message is not None
    pieces = {id(piece.change): piece for piece in one.pieces}
    for change in one.message.changes:
        outcome, reason = "duplicate", ""
        if piece := pieces.get(id(change)):
            outcome, reason = "waiting", ""
            if piece.outcome is not None:
                outcome, reason = piece.outcome.kind, piece.outcome.without_values
        yield TracedChange(
            change.id,
            change.seq,
            change.op,
            key_hash(change.key.values()),
            change.ts_ms,
            outcome=outcome,
            reason=reason,
        )
