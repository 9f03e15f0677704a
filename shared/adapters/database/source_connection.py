"""A PyMySQL connection with the session that all readers need, and the server's errors in words."""

import ssl
from collections.abc import Callable
from typing import Any, TypeVar

import pymysql
from pymysql import converters
from pymysql.connections import Connection

from shared.adapters.login import TLS_HINT, refused_login, tls_options
from shared.values.errors import SourceError, SourceUnavailable
from shared.values.source_endpoint import SourceEndpoint

T = TypeVar("T")

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

# Access: the server answered and said no. Everything else that ends a connection may pass.
_DENIED = {1044, 1142, 1143, 1227, 1370}
_RIGHTS = (
    "Grant SELECT on the captured tables, REPLICATION SLAVE and REPLICATION CLIENT to this account."
)
_PASSING = {
    1040,
    1053,
    1077,
    1158,
    1159,
    1160,
    1161,
    1203,
    1205,
    1213,
    1317,
    1836,
    2002,
    2003,
    2006,
    2013,
    2014,
    2055,
    3024,
    3169,
    1927,
    1969,
}


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


class Incomparable(SourceError):
    """A text was compared with a column whose character set lacks one of its characters."""


_INCOMPARABLE = frozenset({1267, 1270, 1271, 3854})
"""ER_CANT_AGGREGATE_2COLLATIONS, …_3COLLATIONS, …_NCOLLATIONS and ER_CANNOT_CONVERT_STRING. Source:
MySQL error reference, "Server Error Message Reference".
"""


def translated(endpoint: SourceEndpoint, call: Callable[[], T]) -> T:
    """Run `call`, and translate the errors of PyMySQL and the socket.

    They become SourceUnavailable if they may pass, and SourceError or Incomparable otherwise.
    """
    try:
        return call()
    except pymysql.MySQLError as error:
        code, text = _parts(error)
        if refused := refused_login(error, endpoint):
            raise refused from None
        if code in _DENIED:
            raise SourceError(
                f"access denied ({code}): {text}.", thing=str(endpoint), hint=_RIGHTS
            ) from None
        if isinstance(error.__context__, ssl.SSLError) or "SSL" in text:
            raise SourceError(
                f"no verified TLS connection: {text}.", thing=str(endpoint), hint=TLS_HINT
            ) from None
        if code in _PASSING or isinstance(error, pymysql.err.InterfaceError):
            raise SourceUnavailable(
                f"does not answer ({code}): {text}.",
                thing=str(endpoint),
                hint="Check host, port, security group and that the server runs.",
            ) from None
        kind = Incomparable if code in _INCOMPARABLE else SourceError
        raise kind(f"refused a query ({code}): {text}.", thing=str(endpoint)) from None
    except ssl.SSLError as error:
        raise SourceError(
            f"no verified TLS connection: {error.reason or error}.",
            thing=str(endpoint),
            hint=TLS_HINT,
        ) from None
    except OSError as error:
        raise SourceUnavailable(
            f"does not answer: {error}.",
            thing=str(endpoint),
            hint="Check host, port and security group.",
        ) from None
    except RuntimeError as error:
        raise refused_login(error, endpoint) or error from None


def _prepare(connection: "Connection[Any]") -> None:
    mariadb = "MariaDB" in str(connection.get_server_info())  # type: ignore[no-untyped-call]
    with connection.cursor() as cursor:
        try:
            cursor.execute(_SESSION.format("transaction_isolation"))
        except pymysql.MySQLError as error:
            # MySQL 8 renamed tx_isolation, MariaDB 11 as well
            if _parts(error)[0] != _UNKNOWN_VARIABLE:
                raise
            cursor.execute(_SESSION.format("tx_isolation"))
        for statement in _MARIADB_SESSION if mariadb else _MYSQL_SESSION:
            try:
                cursor.execute(statement)
            except pymysql.MySQLError as error:
                if _parts(error)[0] != _UNKNOWN_VARIABLE:
                    raise


def _parts(error: Exception) -> tuple[int, str]:
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    text = str(error.args[-1] if error.args else error)
    return code, text.rstrip(".")
