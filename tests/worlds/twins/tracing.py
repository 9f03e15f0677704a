"""Twin of the tracing service: keeps segments, and finds them by their annotations."""

from shared.adapters.tracing import segment_documents
from shared.adapters.tracing.contract import TraceSegment


class MemoryTracing:
    """Tracer and Traces in one. What is recorded is found after `flush`, as on AWS."""

    def __init__(self) -> None:
        self.segments: list[TraceSegment] = []
        self._waiting: list[TraceSegment] = []

    def record(self, segment: TraceSegment) -> None:
        """Through the form in which it travels."""
        decoded = segment_documents.decode(segment_documents.encode(segment))
        assert decoded is not None
        self._waiting.append(decoded)

    def flush(self) -> None:
        self.segments += self._waiting
        self._waiting.clear()

    def find(
        self, wanted: dict[str, str], since: float, until: float, listing: str = ""
    ) -> list[TraceSegment]:
        traces = {
            one.of.trace for one in self.segments if wanted.items() <= one.annotations.items()
        }
        found = [
            one
            for one in self.segments
            if one.of.trace in traces and since <= one.end and one.start <= until
        ]
        return sorted(found, key=lambda one: one.start)
