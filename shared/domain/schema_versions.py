"""Schema versions: every column set that a table had, as state keeps them."""

from shared.adapters.state.schemas import Schemas
from shared.values.table import Table


def versions_of(schemas: Schemas, source: str, database: str, table: str) -> list[Table]:
    """All schema versions of a table, the first one first; empty where none is known."""
    versions = list[Table]()
    while found := schemas.read(source, database, table, len(versions) + 1):
        versions.append(found)
    return versions
