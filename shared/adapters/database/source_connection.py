"""Source connection: a PyMySQL connection with the session that all readers need."""

from typing import Any

import pymysql
from pymysql import converters
from pymysql.connections import Connection

from shared.adapters.database.source_errors import parts_of, translated
from shared.adapters.source_tls import tls_options
from shared.values.source_endpoint import SourceEndpoint

CONNECT_SECONDS = 10
# A chunk may be large and its table cold; a server that says nothing for this long is gone.
READ_SECONDS = 300

# Only Python → SQL: what comes back stays as the server wrote it.
_ENCODERS: Any = {
    kind: encode for kind, encode in converters.conversions.items() if not isinstance(kind, int)
}

# Instants in UTC, identifiers and values as they are (PAD_CHAR_TO_FULL_LENGTH and others would
# change what SELECT returns), all rows however the server's defaults limit them.
_SESSION = (
    "SET SESSION time_zone = '+00:00', sql_mode = '', autocommit = 1, sql_quote_show_create = 1, "
    "sql_select_limit = 18446744073709551615, sql_big_selects = 1, {} = 'REPEATABLE-READ'"
)
_MARIADB_SESSION = (
    # current rows, whatever moment the server's default asks for
    "SET SESSION system_versioning_asof = DEFAULT, max_statement_time = 0",
)
_MYSQL_SESSION = (
    "SET SESSION max_execution_time = 0",
    # the key of a table that has a generated one; unknown before 8.0.30
    "SET SESSION show_gipk_in_create_table_and_information_schema = ON",
)
_UNKNOWN_VARIABLE = 1193


def connect(endpoint: SourceEndpoint) -> "Connection[Any]":
    """Open a session: utf8mb4, UTC, plain sql_mode, and TLS as the endpoint says.

    Raises SourceUnavailable, SourceError.
    """

    def opened() -> "Connection[Any]":
        connection: Connection[Any] = pymysql.connect(
            host=endpoint.host,
            port=endpoint.port,
            user=endpoint.user,
            password=endpoint.password.encode(),
            charset="utf8mb4",
            conv=_ENCODERS,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            write_timeout=READ_SECONDS,
            program_name="rowline",
            **tls_options(endpoint),
        )
        _prepare(connection)
        return connection

    return translated(endpoint, opened)


def _prepare(connection: "Connection[Any]") -> None:
    mariadb = "MariaDB" in str(connection.get_server_info())  # type: ignore[no-untyped-call]
    with connection.cursor() as cursor:
        try:
            cursor.execute(_SESSION.format("transaction_isolation"))
        except pymysql.MySQLError as error:
            # MySQL 8 renamed tx_isolation, MariaDB 11 as well
            if parts_of(error)[0] != _UNKNOWN_VARIABLE:
                raise
            cursor.execute(_SESSION.format("tx_isolation"))
        for statement in _MARIADB_SESSION if mariadb else _MYSQL_SESSION:
            try:
                cursor.execute(statement)
            except pymysql.MySQLError as error:
                if parts_of(error)[0] != _UNKNOWN_VARIABLE:
                    raise
