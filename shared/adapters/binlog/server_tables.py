"""The questions about a server's tables and names that its binlog leaves open."""

from contextlib import closing
from functools import cached_property

from shared.adapters.binlog.known_tables import StatementReach
from shared.adapters.binlog.replication_connection import Session
from shared.values.cascades import logs_cascades
from shared.values.source_endpoint import SourceEndpoint

_TRIGGER_RIGHT = (
    "SELECT 1 FROM information_schema.{kind}_privileges WHERE privilege_type = 'TRIGGER' "
    "AND grantee = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')"
)


class ServerTables:
    """Asks over connections of its own, each closed at once."""

    def __init__(self, endpoint: SourceEndpoint) -> None:
        self._endpoint = endpoint

    @cached_property
    def folds_names(self) -> bool:
        """Whether the server keeps names of tables and databases in lower case."""
        with closing(Session(self._endpoint)) as session:
            return bool(int(session.scalar("SELECT @@lower_case_table_names")))

    @cached_property
    def logs_cascades(self) -> bool:
        """Whether what foreign keys delete or change is in the binlog."""
        with closing(Session(self._endpoint)) as session:
            if session.is_mariadb:
                return False
            version = tuple(map(int, session.version.split("-")[0].split(".")[:2]))
            native = session.query("SHOW VARIABLES LIKE 'innodb_native_foreign_keys'")
            return logs_cascades("mysql", version) and not any(row[1] == "ON" for row in native)

    def fold(self, name: str) -> str:
        """A name as the server stores it. What is beyond ASCII it is asked itself to fold."""
        if (name == name.lower() and name.isascii()) or not self.folds_names:
            return name
        if name.isascii():
            return name.lower()
        with closing(Session(self._endpoint)) as session:
            data = name.encode("utf-8", "surrogateescape").hex()
            return str(session.scalar(f"SELECT LOWER(CONVERT(x'{data}' USING utf8mb3))"))

    def tables(self) -> list[tuple[str, str]]:
        """See `TableCatalog`."""
        with closing(Session(self._endpoint)) as session:
            return [
                (str(database), str(name))
                for database, name in session.query(
                    "SELECT table_schema, table_name FROM information_schema.tables "
                    "WHERE table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')"
                )
            ]

    def is_sequence(self, database: str, table: str) -> bool | None:
        """Whether a name is a MariaDB sequence; None when nothing has the name now."""
        with closing(Session(self._endpoint)) as session:
            kind = session.scalar(
                "SELECT table_type FROM information_schema.tables "
                "WHERE table_schema = %s AND table_name = %s",
                database,
                table,
            )
        return None if kind is None else str(kind) == "SEQUENCE"

    def side(self, database: str, table: str) -> StatementReach:
        """See `TableCatalog`. Triggers show only to an account with the right TRIGGER."""
        with closing(Session(self._endpoint)) as session:
            found = session.query(
                "SELECT table_type, engine FROM information_schema.tables "
                "WHERE table_schema = %s AND table_name = %s",
                database,
                table,
            )
            if not found:
                return "unknown"
            kind, engine = found[0]
            if kind not in ("BASE TABLE", "SYSTEM VERSIONED"):
                return "opaque"
            if session.query(
                "SELECT 1 FROM information_schema.triggers "
                "WHERE event_object_schema = %s AND event_object_table = %s",
                database,
                table,
            ):
                return "opaque"
            rights = [
                (_TRIGGER_RIGHT.format(kind="user"), ()),
                (_TRIGGER_RIGHT.format(kind="schema") + " AND table_schema = %s", (database,)),
            ]
            if any(session.query(sql, *parameters) for sql, parameters in rights):
                return "plain"
            return "memory" if engine == "MEMORY" else "unknown"
