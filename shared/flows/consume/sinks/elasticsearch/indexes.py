"""Indexes: an index exists, with a field for each column, before the first document is written."""

from collections.abc import Iterable

from shared.adapters.search.contract import Search
from shared.adapters.state.schemas import Schemas
from shared.flows.consume.sinks.elasticsearch.index_definition import properties_of
from shared.flows.consume.sinks.elasticsearch.layout import Layout
from shared.values.errors import StackError
from shared.values.message import Message
from shared.values.table import Table


class Indexes:
    """The indexes of one consumer, as far as this process knows them."""

    def __init__(self, layout: Layout, search: Search, schemas: Schemas) -> None:
        self._layout, self._search, self._schemas = layout, search, schemas
        self._ready: set[tuple[str, int]] = set()

    def prepare(self, alias: str, message: Message) -> None:
        """Make the index behind `alias` unless it exists, and add fields for new columns.

        Those are the columns of the message's schema version. The user's own definition is left as
        it is: it decides what happens to new fields. Raises SearchError, SearchUnavailable,
        StackError.
        """
        version = message.schema_version
        if (alias, version) in self._ready:
            return
        table = self._table(message) if self._layout.derived else None
        # Also for a known alias: somebody may have deleted its index since, and then there is no
        # mapping to extend.
        self._search.ensure_index(alias, self._layout.definition(table))
        if table is not None and version > 1:
            self._search.extend_mapping(alias, properties_of(self._layout.shape, table))
        self._ready.add((alias, version))

    def forget(self, aliases: Iterable[str]) -> None:
        """Forget indexes that somebody deleted, so that they are made again."""
        gone = set(aliases)
        self._ready = {(alias, version) for alias, version in self._ready if alias not in gone}

    def _table(self, message: Message) -> Table:
        table = self._schemas.read(
            message.source, message.database, message.table, message.schema_version
        )
        if table is None:
            raise StackError(
                f"has no schema version {message.schema_version} in the state table.",
                thing=message.full_name,
                hint="The relay stores it before it publishes: has the state table been replaced?",
            )
        return table
