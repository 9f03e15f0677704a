"""Published columns: the column set under which rows that a SELECT read are published."""

from shared.adapters.state.schemas import Schemas
from shared.values.table import Table


def published_columns(schemas: Schemas, source: str, table: Table) -> Table:
    """The column set under which the relay publishes a table, when the columns are the same.

    The binlog and information_schema do not describe every type alike, and that alone is no new
    schema version.
    """
    latest = schemas.latest(source, table.database, table.name)
    same = latest is not None and [column.name for column in latest.columns] == [
        column.name for column in table.columns
    ]
    return latest if same and latest is not None else table
