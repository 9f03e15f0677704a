"""Moves of readers between indexes: hidden aliases, refreshes, and one atomic change of aliases."""

from collections.abc import Sequence
from typing import Any

from shared.adapters.search.cluster_connection import Connection, names
from shared.adapters.search.contract import AliasMove
from shared.values.errors import SearchError, SearchUnavailable

_PERMIT = ".move-"


class AliasMoves:
    """Moves the aliases of one cluster. Each call may be repeated."""

    def __init__(self, cluster: Connection) -> None:
        self._cluster = cluster

    def put_alias(self, index: str, alias: str) -> None:
        """See `Search.put_alias`."""
        self._change([{"add": {"index": index, "alias": alias, "is_hidden": True}}])

    def drop_alias(self, index: str, alias: str) -> None:
        """See `Search.drop_alias`."""
        remove = {"index": index, "alias": alias, "must_exist": False}
        self._change_unless_absent([{"remove": remove}])

    def permit(self, moves: Sequence[AliasMove], permit: str) -> None:
        """See `Search.permit_moves`. A permit is a hidden alias of its own."""
        actions: list[dict[str, Any]] = [
            {"remove": {"index": index, "alias": f"{alias}{_PERMIT}*", "must_exist": False}}
            for alias, *indexes in moves
            for index in indexes
        ]
        if not permit:
            return self._change_unless_absent(actions)
        for alias, old, _ in moves:
            name = f"{alias}{_PERMIT}{permit}"
            actions.append({"add": {"index": old, "alias": name, "is_hidden": True}})
        return self._change(actions)

    def move(self, moves: Sequence[AliasMove], permit: str) -> None:
        """See `Search.move_aliases`. Filter and routing of an alias go with it."""
        actions: list[dict[str, Any]] = []
        for alias, old, new in moves:
            held = self._cluster.request("GET", f"{names(old)}/_alias/{names(alias)}")
            kept = held[old]["aliases"][alias]
            for taken in (f"{alias}{_PERMIT}{permit}", alias):
                actions.append({"remove": {"index": old, "alias": taken, "must_exist": True}})
            actions.append({"add": {**kept, "index": new, "alias": alias}})
        self._change(actions)

    def refresh(self, indexes: Sequence[str]) -> None:
        """See `Search.refresh`."""
        answer = self._cluster.request("POST", f"{names(*indexes)}/_refresh")
        if failed := answer["_shards"]["failed"]:
            raise SearchUnavailable(
                f"did not refresh {failed} shards of {', '.join(indexes)}.",
                thing=self._cluster.place(),
                hint="See the cluster's health; tried again later.",
            )

    def count(self, name: str) -> int:
        """See `Search.count`."""
        self.refresh([name])
        return int(self._cluster.request("GET", f"{names(name)}/_count")["count"])

    def _change_unless_absent(self, removals: list[dict[str, Any]]) -> None:
        """Elasticsearch answers 404 where none of them is there."""
        try:
            self._change(removals)
        except SearchError as error:
            if "not_found" not in error.what:
                raise

    def _change(self, actions: list[dict[str, Any]]) -> None:
        """Source: Elasticsearch reference, "Aliases": the actions of one request are atomic."""
        self._cluster.request("POST", "_aliases", {"actions": actions})
