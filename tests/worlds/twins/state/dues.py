"""The twin of Dues."""

from collections.abc import Mapping

from shared.values.due_cause import DueCause


class MemoryDues:
    def __init__(self) -> None:
        self._sources: dict[str, dict[str, DueCause]] = {}
        self._consumers: dict[str, dict[str, DueCause]] = {}
        self._settled: dict[str, dict[str, str]] = {}

    def note_source(self, source: str, table: str, cause: DueCause) -> None:
        self._sources.setdefault(source, {})[table] = cause

    def of_source(self, source: str) -> dict[str, DueCause]:
        return dict(self._sources.get(source, {}))

    def note_consumer(self, consumer: str, table: str, cause: DueCause) -> None:
        self._consumers.setdefault(consumer, {})[table] = cause

    def of_consumer(self, consumer: str) -> dict[str, DueCause]:
        return dict(self._consumers.get(consumer, {}))

    def settle(
        self, consumer: str, of_source: Mapping[str, str], of_consumer: Mapping[str, str]
    ) -> None:
        self._settled.setdefault(consumer, {}).update(of_source)
        own = self._consumers.get(consumer, {})
        for table, cause in of_consumer.items():
            if table in own and own[table].id == cause:
                del own[table]

    def settled(self, consumer: str) -> dict[str, str]:
        return dict(self._settled.get(consumer, {}))
