"""Source errors: whether an error of a database is transient or permanent, and its words."""

import ssl
from collections.abc import Callable
from typing import TypeVar

import pymysql

from shared.adapters.refused_login import refused_login
from shared.adapters.source_tls import TLS_HINT
from shared.values.errors import SourceError, SourceUnavailable
from shared.values.source_endpoint import SourceEndpoint

T = TypeVar("T")

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
        code, text = parts_of(error)
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


def parts_of(error: Exception) -> tuple[int, str]:
    """The code of an error of PyMySQL, and its text."""
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    text = str(error.args[-1] if error.args else error)
    return code, text.rstrip(".")
