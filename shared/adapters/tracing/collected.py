"""Collected traces: the segments that the local stage's collector has written."""

import re
from pathlib import Path

import msgspec

from shared.adapters.tracing import segment_documents
from shared.adapters.tracing.contract import TraceSegment

_TRACE = re.compile(rb'"trace_id":\s*"([^"]+)"')
_START = re.compile(rb'"start_time":\s*([0-9.]+)')


class CollectedTraces:
    """The traces in a file of segment documents, one a line; also in the file before it."""

    def __init__(self, file: Path) -> None:
        self._files = (file.with_name(file.name + ".1"), file)

    def find(
        self, wanted: dict[str, str], since: float, until: float, listing: str = ""
    ) -> list[TraceSegment]:
        """See `Traces.find`. Only lines that may be wanted are decoded: there are thousands."""
        lines = [line for file in self._files if file.exists() for line in _lines(file)]
        texts = [msgspec.json.encode(value) for value in (*wanted.values(), listing) if value]
        matching = set()
        for line in lines:
            if all(text in line for text in texts) and (name := _TRACE.search(line)):
                segment = _decoded(line, since, until)
                if segment and wanted.items() <= segment.annotations.items():
                    matching.add(name[1])
        if not matching:
            return []
        found = [
            segment
            for line in lines
            if (name := _TRACE.search(line))
            and name[1] in matching
            and (segment := _decoded(line, since, until))
        ]
        return sorted(found, key=lambda one: one.start)


def _lines(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines()


def _decoded(line: bytes, since: float, until: float) -> TraceSegment | None:
    """The segment of a line; None for one of another time, and for one that is not ours."""
    began = _START.search(line)
    if began and float(began[1]) > until:
        return None
    segment = segment_documents.decode(line)
    return segment if segment and segment.end >= since and segment.start <= until else None
