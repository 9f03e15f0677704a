"""Due tables: noted when rows changed without an event, until a backfill brought them."""

import logging
from collections.abc import Mapping

from shared.adapters.binlog.contract import Due
from shared.adapters.state.schemas import Schemas
from shared.values.cascades import CASCADE
from shared.values.settings import TableSettings, table_settings

log = logging.getLogger("rowline.relay")


class DueTables:
    """The tables of one source that are due; `tables` says how each is captured."""

    def __init__(self, schemas: Schemas, source: str, tables: Mapping[str, TableSettings]) -> None:
        self._schemas, self._source, self._tables = schemas, source, tables

    def note(self, due: Due, transaction: str) -> None:
        """Store what a statement did, before the checkpoint can pass it: no relay reads it again.

        A new cascade on a table whose cascades the stanza accepts is nothing new.

        transaction: identity of the statement's transaction. Raises StateUnavailable, StackError.
        """
        name = f"{due.database}.{due.table}"
        if due.why == CASCADE and table_settings(self._tables, name).accept_cascades:
            return
        log.warning(
            "%s changed rows of %s, or may have, without row events: a backfill is due, see "
            "rowline status",
            due.why,
            name,
        )
        self._schemas.rewritten(self._source, name, transaction, due.why)
