"""The twin of Coverage."""

from shared.values.coverage import CoverageSegment


class MemoryCoverages:
    def __init__(self) -> None:
        self._segments: dict[str, dict[int, CoverageSegment]] = {}

    def append(self, stream: str, segment: CoverageSegment) -> None:
        self._segments.setdefault(stream, {}).setdefault(segment.start.number, segment)

    def segments(self, stream: str) -> list[CoverageSegment]:
        return [segment for _, segment in sorted(self._segments.get(stream, {}).items())]

    def last(self, stream: str) -> CoverageSegment | None:
        return next(iter(self.segments(stream)[::-1]), None)
