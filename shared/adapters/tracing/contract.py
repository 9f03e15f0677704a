"""What relay, consumers and `rowline trace` need of a tracing service."""

from typing import Any, Protocol

import msgspec

from shared.values.traceparent import Traceparent


class TracedStep(msgspec.Struct, frozen=True):
    """A part of a segment's time.

    start, end: seconds since 1970.
    aws: whether it is a call of an AWS service, whose name the step has.
    """

    name: str
    start: float
    end: float
    aws: bool = False


class TraceSegment(msgspec.Struct, frozen=True):
    """The work of one component on one traced message.

    of: the trace, and the id of this segment.
    parent: the id of the segment before it; empty for the first.
    annotations: what traces can be searched by.
    details: anything else, as JSON.
    failed: whether the work must be repeated.
    """

    of: Traceparent
    name: str
    start: float
    end: float
    annotations: dict[str, str | int | bool]
    details: dict[str, Any]
    steps: tuple[TracedStep, ...] = ()
    parent: str = ""
    failed: bool = False


class Tracer(Protocol):
    """Takes segments. Neither call raises: a trace that is lost harms nothing else."""

    def record(self, segment: TraceSegment) -> None:
        """Take a segment; it may be sent now or with `flush`."""
        ...

    def flush(self) -> None:
        """Send what was recorded. Before a function's invocation ends."""
        ...


class Traces(Protocol):
    """Finds recorded segments. Raises StackError, StateUnavailable."""

    def find(
        self, wanted: dict[str, str], since: float, until: float, listing: str = ""
    ) -> list[TraceSegment]:
        """All segments of the traces that have these annotations, between two times.

        In the order in which they began. listing: an id of a change or a hash of a key; traces of
        which no segment lists it may be left out.
        """
        ...


class NoTracer:
    """Takes segments and drops them, where tracing is off."""

    def record(self, segment: TraceSegment) -> None:
        """Drop it."""

    def flush(self) -> None:
        """Nothing to send."""
