"""Collected traces: the segments that the local stage's collector has written."""

from pathlib import Path

from shared.adapters.tracing import segment_documents
from shared.adapters.tracing.contract import TraceSegment


class CollectedTraces:
    """The traces in a file of segment documents, one a line; also in the file before it."""

    def __init__(self, file: Path) -> None:
        self._files = (file.with_name(file.name + ".1"), file)

    def find(self, wanted: dict[str, str], since: float, until: float) -> list[TraceSegment]:
        traces: dict[str, list[TraceSegment]] = {}
        matching = set()
        for file in self._files:
            if not file.exists():
                continue
            with file.open("rb") as lines:
                for line in lines:
                    segment = segment_documents.decode(line)
                    if segment is None or segment.end < since or segment.start > until:
                        continue
                    traces.setdefault(segment.of.trace, []).append(segment)
                    if wanted.items() <= segment.annotations.items():
                        matching.add(segment.of.trace)
        found = [segment for trace in matching for segment in traces[trace]]
        return sorted(found, key=lambda one: one.start)
