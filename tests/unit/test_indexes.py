"""An index is ready for the columns of a message, also when somebody deleted it a moment ago."""

import msgspec

from shared.flows.consume.sinks.elasticsearch.indexes import Indexes
from shared.values.table import Column
from tests.worlds.consumer_world import ALIAS, STREAM, TABLE, layout, message
from tests.worlds.twins.search import MemorySearch
from tests.worlds.twins.state import MemorySchemas


def test_a_deleted_index_is_made_again_for_a_new_schema_version() -> None:
    search, schemas = MemorySearch(), MemorySchemas()
    indexes = Indexes(layout(), search, schemas)
    first = schemas.version_of(STREAM, TABLE)
    indexes.prepare(ALIAS, message([], "g", schema_version=first))
    wider = msgspec.structs.replace(TABLE, columns=(*TABLE.columns, Column("stock", "int")))
    second = schemas.version_of(STREAM, wider)
    del search.indexes[ALIAS], search.definitions[ALIAS]
    indexes.prepare(ALIAS, message([], "g", schema_version=second))
    assert "stock" in search.definitions[ALIAS]["mappings"]["properties"]
