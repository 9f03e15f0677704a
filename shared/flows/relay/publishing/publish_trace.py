"""Publish trace: the segment of a relay for each message that is traced."""

import threading
from typing import Any

import msgspec

from shared.adapters.tracing.contract import TracedStep, Tracer, TraceSegment
from shared.domain.change_encoding import Packed
from shared.domain.message_packing import Parcel
from shared.domain.traced_changes import TracedChange, listed
from shared.values.json_text import decode_json
from shared.values.key_hash import key_hash

FLUSH_SECONDS, LAST_SECONDS = 1.0, 2.0


class _Content(msgspec.Struct):
    """What a trace says of a change."""

    op: str
    ts_ms: int
    key: dict[str, Any]


_decoder = msgspec.json.Decoder(_Content)


class PublishTrace:
    """Records the messages of one relay. Safe for threads.

    name: the relay's in X-Ray. stream: that it relays.
    """

    def __init__(self, tracer: Tracer, name: str, stream: str) -> None:
        self._tracer, self._name, self._stream = tracer, name, stream
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._flush, name="tracing", daemon=True)

    def record(self, parcel: Parcel, began: float, ended: float) -> None:
        """An acknowledged message, and when its last request began and ended (Unix seconds)."""
        if parcel.trace is None or not parcel.traced:
            return
        changes = [_traced(packed) for packed in parcel.traced]
        first, read = changes[0], min(packed.read_at for packed in parcel.traced)
        committed = min(first.ts_ms / 1000, read)
        self._tracer.record(
            TraceSegment(
                parcel.trace,
                self._name,
                committed,
                ended,
                {
                    "stream": self._stream,
                    "table": parcel.entry.attributes["table"],
                    "group": parcel.entry.group,
                    "key_hash": first.key,
                    "seq": str(first.seq),
                    "id": first.id,
                    "outcome": "published",
                },
                {**listed(changes), "attempts": parcel.failures + 1, "published": ended},
                (
                    TracedStep("read from the binlog", committed, read),
                    TracedStep("wait", read, began),
                    TracedStep("SNS", began, ended, aws=True),
                ),
            )
        )

    def start(self) -> None:
        """Send what is recorded each second, on a thread of its own, until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Send the rest, for two seconds at most."""
        self._ending.set()
        if self._thread.ident:
            self._thread.join(LAST_SECONDS)

    def _flush(self) -> None:
        while not self._ending.wait(FLUSH_SECONDS):
            self._tracer.flush()
        self._tracer.flush()


def _traced(packed: Packed) -> TracedChange:
    content = decode_json(packed.json, _decoder)
    return TracedChange(
        packed.id,
        packed.seq,
        content.op,
        key_hash(content.key.values()),
        content.ts_ms,
        round(packed.read_at * 1000),
    )
