"""RelaySetup: everything a relay works with, made by whoever starts it."""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from shared.adapters.binlog.contract import Binlog
from shared.adapters.claims.contract import Claims
from shared.adapters.database.contract import Database
from shared.adapters.state.coverages import Coverages
from shared.adapters.state.dues import Dues
from shared.adapters.state.schemas import Schemas
from shared.adapters.state.streams import Streams
from shared.adapters.topic.contract import Topic
from shared.adapters.tracing.contract import NoTracer, Tracer
from shared.domain.change_encoding import ChangeEncoding
from shared.domain.hidden_columns_renamed import HiddenColumns
from shared.domain.trace_sampling import NO_SAMPLING, TraceSampler
from shared.flows.relay.capture.admission import Preflight
from shared.flows.relay.publishing.outbox import Outbox
from shared.values.settings import SourceSettings, TableSettings
from shared.values.stream import source_of

Manner = Literal["leave", "take"]
"""`leave`: give way to a relay that is running; `take`: ask it to yield."""

RelayEnd = Literal["busy", "stopped", "yielded", "lease lost"]
"""Why a relay ended without an error: another one is running, it was told to stop or its time was
over, another one asked for the lease, or took it.
"""


@dataclass(frozen=True)
class RelaySetup:
    """What a relay works with.

    open_binlog: connects to the source as the holder with this fencing token.
    open_database: connects to the same server for SELECTs.
    holder: name of this relay in the lease.
    manner: what to do about a relay that is running.
    run: lambda, fargate or foreground; with `version` it is shown in the lease.
    others: the source's other deployed streams, and the tables that each one names.
    elsewhere: how these capture their tables.
    preflight: examines the source. Its argument says whether the stream has begun under this
        configuration. It returns the tables that cannot be captured, and why. Raises SourceError
        for a source that cannot be read at all, and outages, after which it is called again.
    left_ms: how long the process may still run (None: no end).
    report: is given the figures, and the metrics since the last call, every `report_seconds` and at
        the end.
    stop: set from outside to end the relay in order.
    sampler: decides which messages are traced. tracer: takes their segments.
    traced_as: the relay's name there.
    """

    source: SourceSettings
    streams: Streams
    schemas: Schemas
    dues: Dues
    coverage: Coverages
    claims: Claims
    topic: Topic
    open_binlog: Callable[[Mapping[str, TableSettings], int], Binlog]
    holder: str
    open_database: Callable[[], Database]
    manner: Manner
    run: str
    version: str = ""
    others: Mapping[str, Collection[str]] = field(default_factory=dict)
    elsewhere: Mapping[str, TableSettings] = field(default_factory=dict)
    mask_key: Callable[[], bytes] = bytes
    preflight: Preflight = lambda _begun: {}
    publishers: int = 4
    left_ms: Callable[[], int | None] = lambda: None
    report: Callable[[dict[str, Any], dict[str, float]], None] = lambda _figures, _metrics: None
    report_seconds: float = 10.0
    stop: threading.Event = field(default_factory=threading.Event)
    sampler: TraceSampler = NO_SAMPLING
    tracer: Tracer = field(default_factory=NoTracer)
    traced_as: str = ""

    def outbox(self) -> Outbox:
        """An empty outbox between reader and publishers."""
        return Outbox(
            linger=self.source.linger_ms / 1000,
            compress=self.source.compression == "zstd",
            sampler=self.sampler,
        )

    def packing(self) -> ChangeEncoding:
        """Encodes the changes of the stream."""
        return ChangeEncoding(self.source.stream, self.schemas, self.claims, clock=time.time)

    def hidden(self, tables: Mapping[str, TableSettings]) -> HiddenColumns:
        """Examines the columns of these tables, beside those that other streams capture."""
        source = source_of(self.source.stream)
        return HiddenColumns(self.schemas, source, {**self.elsewhere, **tables})
