"""Due: notes which tables need a backfill, because their rows changed without an event."""

import logging

from shared.adapters.binlog.contract import SchemaChanged
from shared.adapters.state.schemas import Schemas

log = logging.getLogger("rowline.relay")


class Due:
    """The tables of one source that are due."""

    def __init__(self, schemas: Schemas, source: str) -> None:
        self._schemas, self._source = schemas, source

    def note(self, change: SchemaChanged, transaction: str) -> None:
        """Store what a statement did, before the checkpoint can pass it: no relay reads it again.

        transaction: identity of the statement's transaction. Raises StateUnavailable, StackError.
        """
        if change.rewrites_rows:
            name = f"{change.database}.{change.table}"
            log.warning(
                "a DDL statement on %s changed values that are not in the binlog: a backfill is "
                "due, see rowline status",
                name,
            )
            self._schemas.rewritten(self._source, name, transaction)
