"""Which aliases exist, asked again every ten seconds."""

import time

from shared.adapters.search.cluster_connection import Connection, names

_KNOWN_SECONDS = 10.0


class KnownAliases:
    """The aliases of a cluster, as far as this process has seen them lately."""

    def __init__(self, cluster: Connection) -> None:
        self._cluster = cluster
        self._seen: dict[str, float] = {}

    def exists(self, alias: str) -> bool:
        """Ask the cluster. Raises SearchUnavailable, SearchError."""
        exists = self._cluster.exists(f"_alias/{names(alias)}")
        if exists:
            self.note(alias)
        else:
            self._seen.pop(alias, None)
        return exists

    def note(self, alias: str) -> None:
        """Note that an alias exists now."""
        self._seen[alias] = time.monotonic()

    def absent(self, aliases: set[str]) -> set[str]:
        """Those of `aliases` that do not exist, without asking for those that were seen lately.

        `require_alias` does not hold for deletes: one with an external version creates a plain
        index of that name, without mappings, in the place of the alias. Source:
        TransportBulkAction, seen on 8.19.
        """
        now = time.monotonic()
        return {
            alias
            for alias in aliases
            if now - self._seen.get(alias, float("-inf")) > _KNOWN_SECONDS
            and not self.exists(alias)
        }
