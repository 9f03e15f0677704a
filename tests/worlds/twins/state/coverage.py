"""The twin of Coverage."""

from shared.values.coverage import Segment


class MemoryCoverage:
    def __init__(self) -> None:
        self._segments: dict[str, dict[int, Segment]] = {}

    def append(self, stream: str, segment: Segment) -> None:
        self._segments.setdefault(stream, {}).setdefault(segment.start.number, segment)

    def segments(self, stream: str) -> list[Segment]:
        return [segment for _, segment in sorted(self._segments.get(stream, {}).items())]

    def last(self, stream: str) -> Segment | None:
        return next(iter(self.segments(stream)[::-1]), None)
