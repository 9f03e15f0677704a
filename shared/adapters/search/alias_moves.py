"""Moves of readers between indexes: hidden aliases, refreshes, and one atomic change of aliases."""

from collections.abc import Sequence
from typing import Any

from shared.adapters.search.cluster_connection import Connection, names
from shared.values.errors import SearchError


class AliasMoves:
    """Of one cluster. Each call may be repeated."""

    def __init__(self, cluster: Connection) -> None:
        self._cluster = cluster

    def put_alias(self, index: str, alias: str) -> None:
        """See `Search.put_alias`."""
        self._change([{"add": {"index": index, "alias": alias, "is_hidden": True}}])

    def drop_alias(self, index: str, alias: str) -> None:
        """See `Search.drop_alias`."""
        try:
            self._change([{"remove": {"index": index, "alias": alias, "must_exist": False}}])
        except SearchError as error:
            if "not_found" not in error.what and "aliases_not_found" not in error.what:
                raise

    def move(self, moves: Sequence[tuple[str, str, str]]) -> None:
        """See `Search.move_aliases`. Filter and routing of an alias go with it."""
        actions: list[dict[str, Any]] = []
        for alias, old, new in moves:
            held = self._cluster.request("GET", f"{names(old)}/_alias/{names(alias)}")
            kept = held[old]["aliases"][alias]
            actions.append({"remove": {"index": old, "alias": alias, "must_exist": True}})
            actions.append({"add": {**kept, "index": new, "alias": alias}})
        self._change(actions)

    def refresh(self, indexes: Sequence[str]) -> None:
        """See `Search.refresh`."""
        self._cluster.request("POST", f"{names(*indexes)}/_refresh")

    def refresh_interval(self, index: str) -> str:
        """See `Search.refresh_interval`."""
        path = f"{names(index)}/_settings/index.refresh_interval"
        held = self._cluster.request("GET", path)
        settings: list[dict[str, Any]] = [each["settings"] for each in dict(held).values()]
        return str(settings[0].get("index", {}).get("refresh_interval", "")) if settings else ""

    def set_refresh_interval(self, index: str, interval: str) -> None:
        """See `Search.set_refresh_interval`."""
        value = interval or None
        settings = {"index": {"refresh_interval": value}}
        self._cluster.request("PUT", f"{names(index)}/_settings", settings)

    def count(self, name: str) -> int:
        """See `Search.count`."""
        self.refresh([name])
        return int(self._cluster.request("GET", f"{names(name)}/_count")["count"])

    def _change(self, actions: list[dict[str, Any]]) -> None:
        """Source: Elasticsearch reference, "Aliases": the actions of one request are atomic."""
        self._cluster.request("POST", "_aliases", {"actions": actions})
