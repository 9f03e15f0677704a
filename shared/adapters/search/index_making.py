"""Making indexes behind their aliases, and adding fields to them."""

from collections.abc import Callable
from functools import partial
from typing import Any

from shared.adapters.search.alias_cache import KnownAliases
from shared.adapters.search.cluster_connection import Connection, names
from shared.adapters.search.contract import LAST_NUMBER, numbered_index
from shared.values.errors import SearchError


class IndexMaking:
    """Several functions may do it at once."""

    def __init__(self, cluster: Connection, aliases: KnownAliases) -> None:
        self._cluster, self._aliases = cluster, aliases

    def ensure(self, alias: str, definition: dict[str, Any]) -> None:
        """See `Search.ensure_index`."""
        if self._aliases.exists(alias):
            return
        for number in range(1, LAST_NUMBER + 1):
            try:
                self._made(alias, numbered_index(alias, number), definition)
                break
            except SearchError as error:
                if "resource_already_exists_exception" not in error.what:
                    raise
                # Another function was faster, or its own request was answered too late: the index
                # has then been behind the alias since its creation. Else it is a former one, which
                # a cutover has left, or somebody else's: its documents may be of long ago.
                if self._aliases.exists(alias):
                    break
        self._aliases.note(alias)

    def _made(self, alias: str, index: str, definition: dict[str, Any]) -> None:
        """Make an index behind an alias, which leads nowhere."""
        mappings = definition.get("mappings", {})

        def make() -> None:
            _with_known_types(
                mappings.get("properties", {}),
                lambda known: self._create(
                    alias,
                    index,
                    definition,
                    {**mappings, "properties": known} if known else mappings,
                ),
            )

        try:
            make()
        except SearchError as error:
            if "invalid_alias_name_exception" not in error.what or not self._remove_made_by_deletes(
                alias
            ):
                raise
            make()

    def make(self, index: str, alias: str, definition: dict[str, Any]) -> None:
        """See `Search.make_index`."""
        if self._aliases.exists(alias):
            return
        mappings = definition.get("mappings", {})
        aliases = {**definition.get("aliases", {}), alias: {"is_hidden": True}}
        whole = {**definition, "aliases": aliases}
        _with_known_types(
            mappings.get("properties", {}),
            lambda known: self._put(
                index, whole, {**mappings, "properties": known} if known else mappings
            ),
        )
        self._aliases.note(alias)

    def extend(self, alias: str, properties: dict[str, Any]) -> None:
        """See `Search.extend_mapping`."""
        held = self._cluster.request("GET", f"{names(alias)}/_mapping")
        for index, answer in held.items():
            lacking = {
                field: mapping
                for field, mapping in properties.items()
                if field not in answer["mappings"].get("properties", {})
            }
            if lacking:
                _with_known_types(lacking, partial(self._put_mapping, index))

    def _create(
        self, alias: str, index: str, definition: dict[str, Any], mappings: dict[str, Any]
    ) -> None:
        aliases = {**definition.get("aliases", {}), alias: {"is_write_index": True}}
        self._put(index, {**definition, "aliases": aliases}, mappings)

    def _put(self, index: str, definition: dict[str, Any], mappings: dict[str, Any]) -> None:
        made = {
            "settings": definition.get("settings", {}),
            "mappings": mappings,
            "aliases": definition["aliases"],
        }
        self._cluster.request("PUT", names(index), made)

    def _put_mapping(self, index: str, properties: dict[str, Any]) -> None:
        self._cluster.request("PUT", f"{names(index)}/_mapping", {"properties": properties})

    def _remove_made_by_deletes(self, alias: str) -> bool:
        """Remove a plain index in the place of the alias, which deletes have made.

        They did when the index was lost a moment before, see `KnownAliases.absent`. Such an index
        holds no document. Returns False for one that does: it is somebody else's.
        """
        self._cluster.request("POST", f"{names(alias)}/_refresh")
        if self._cluster.request("GET", f"{names(alias)}/_count")["count"]:
            return False
        self._cluster.request("DELETE", names(alias), ignore_unavailable="true")
        return True


def _with_known_types(properties: dict[str, Any], use: Callable[[dict[str, Any]], object]) -> None:
    """Use the properties, without a type that some distributions lack the module of.

    `unsigned_long` becomes `long` there; what is above 2^63-1 is kept but not searchable.
    """
    try:
        use(properties)
    except SearchError as error:
        if "mapper type [unsigned_long]" not in error.what:
            raise
        use(
            {
                field: {"type": "long", "ignore_malformed": True}
                if mapping.get("type") == "unsigned_long"
                else mapping
                for field, mapping in properties.items()
            }
        )
