"""Facts that only the server can tell: character sets, and how a table is defined now."""

import logging
from collections.abc import Sequence
from contextlib import closing

from shared.adapters.binlog.charset_decoding import Charsets
from shared.adapters.binlog.replication_connection import Session
from shared.adapters.binlog.server_errors import AccessDenied
from shared.adapters.database.description import Description, describe
from shared.adapters.database.query import Query
from shared.values.errors import SourceError, SourceUnavailable
from shared.values.source_endpoint import SourceEndpoint

_log = logging.getLogger(__name__)


class ServerCatalog:
    """Asks a server for its charsets and tables.

    Each question has a connection of its own: the one that carries the binlog is busy.
    """

    def __init__(self, endpoint: SourceEndpoint) -> None:
        self._endpoint = endpoint
        self._charsets: Charsets | None = None

    def charsets(self) -> Charsets:
        if self._charsets is None:
            with closing(Session(self._endpoint)) as session:
                rows = session.query(
                    "SELECT id, character_set_name FROM information_schema.collations WHERE id IS "
                    "NOT NULL"
                )
                if session.is_mariadb:
                    # a collation of several character sets (uca1400) has an id with each of them
                    columns = session.query(
                        "SELECT 1 FROM information_schema.columns WHERE table_schema = "
                        "'information_schema' AND table_name = "
                        "'COLLATION_CHARACTER_SET_APPLICABILITY' AND column_name = 'ID'"
                    )
                    if columns:
                        rows += session.query(
                            "SELECT id, character_set_name FROM "
                            "information_schema.collation_character_set_applicability WHERE id IS "
                            "NOT NULL"
                        )
            self._charsets = Charsets(
                {int(number): str(name) for number, name in rows if name}, self._convert
            )
        return self._charsets

    def present(self, database: str, table: str, columns: Sequence[str]) -> Description | None:
        """As the table is now: the binlog has no older answer."""
        with closing(Session(self._endpoint)) as session:
            found = describe(_without_doubled(session.query), database, table)
            seen = {column.name for column in found.table.columns} if found else set()
            for column in columns:
                if column not in seen:
                    self._require_visible(session, database, table, column)
                    _log.warning(
                        "%s.%s: column %s is gone since; it is read as its binlog shows it",
                        database,
                        table,
                        column,
                    )
        return found

    def _require_visible(self, session: Session, database: str, table: str, column: str) -> None:
        """Raises SourceError when the account may not see a column.

        information_schema shows such a column like one that does not exist.
        """
        name = f"{_quoted(database)}.{_quoted(table)}"
        try:
            session.query(f"SELECT {_quoted(column)} FROM {name} LIMIT 0")  # noqa: S608 - quoted
        except AccessDenied as error:
            raise SourceError(
                f"the type of column {column} cannot be read: {error.what}",
                thing=f"{database}.{table}",
                hint="Grant SELECT on the table to this account, or drop the column from capture: "
                "MariaDB's binlog shows UUID, INET4 and INET6 as BINARY, and dates and times in "
                "its old format without their digits.",
            ) from None
        except SourceUnavailable:
            raise
        except SourceError:
            return  # it is not there any more

    def _convert(self, charset: str, data: bytes) -> str:
        with closing(Session(self._endpoint)) as session:
            # the name comes from the server's own list
            found = session.scalar(
                f"SELECT HEX(CONVERT(CONVERT(x'{data.hex()}' USING {charset}) USING utf16))"
            )
        return bytes.fromhex(found or "").decode("utf-16-be")


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _without_doubled(query: Query) -> Query:
    """`%` is doubled in statements of the database adapter, parameters or not."""
    return lambda sql, *bound: query(sql if bound else sql.replace("%%", "%"), *bound)
