"""The landing's twin."""

from collections.abc import Callable, Iterator, Sequence

from shared.adapters.objects.contract import StoredObject
from shared.values.errors import StateUnavailable


class MemoryLanding:
    """now_ms: the time at which objects are written. down: every call fails.

    former: what was replaced or deleted, as a bucket with versioning keeps it.
    """

    def __init__(self, now_ms: Callable[[], int] = lambda: 0) -> None:
        self.objects: dict[str, tuple[int, bytes]] = {}
        self.rejected: dict[str, bytes] = {}
        self.former: list[bytes] = []
        self.down = False
        self._now_ms = now_ms

    def put(self, name: str, body: bytes) -> None:
        self._answer()
        self._forget(name)
        self.objects[name] = (self._now_ms(), body)

    def list(self) -> Iterator[StoredObject]:
        self._answer()
        for name in sorted(self.objects):
            at_ms, body = self.objects[name]
            yield StoredObject(name, len(body), at_ms)

    def get(self, name: str) -> bytes | None:
        self._answer()
        return self.objects[name][1] if name in self.objects else None

    def replace(self, name: str, seen: bytes, body: bytes) -> bool:
        found = self.get(name) == seen
        if found:
            self.put(name, body)
        return found

    def delete(self, names: Sequence[str]) -> None:
        self._answer()
        for name in names:
            self._forget(name)

    def reject(self, name: str) -> None:
        self._answer()
        if name in self.objects:
            self.rejected[name] = self.objects[name][1]
            self._forget(name)

    def _forget(self, name: str) -> None:
        if name in self.objects:
            self.former.append(self.objects.pop(name)[1])

    def _answer(self) -> None:
        if self.down:
            raise StateUnavailable("S3 did not answer", thing="landing")
