"""Layout: how the tables of a consumer are kept: aliases, shape of documents, indexes."""

from typing import Any

from shared.flows.consume.sinks.elasticsearch.aliases import Aliases
from shared.flows.consume.sinks.elasticsearch.document_shape import Shape
from shared.flows.consume.sinks.elasticsearch.index_definition import definition_of
from shared.flows.consume.sinks.elasticsearch.sink_settings import ElasticsearchSettings
from shared.values.settings import ConsumerSettings
from shared.values.table import Table


class Layout:
    """How the tables of a consumer are kept in Elasticsearch. Raises ConfigError for its stanza."""

    def __init__(self, consumer: ConsumerSettings, settings: ElasticsearchSettings) -> None:
        # Nothing tells the fields that a mapping makes, so Elasticsearch finds them out.
        self._own = settings.index or ({"mappings": {"dynamic": True}} if consumer.mapping else {})
        self.consumer, self.derived = consumer.name, not self._own
        self._place = f"consumers.{consumer.name}.elasticsearch"
        self._aliases = Aliases(settings.alias, f"{self._place}.alias", consumer.tables)
        self.shape = Shape.of(settings, self._place)

    def alias(self, database: str, table: str) -> str:
        """The alias of a table's documents. Raises ConfigError."""
        return self._aliases.of(database, table)

    def definition(self, table: Table | None) -> dict[str, Any]:
        """The body that creates the index of a table. Raises ConfigError."""
        return definition_of(self._own, self._place, self.shape, table)
