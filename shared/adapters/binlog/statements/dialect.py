"""How a session writes SQL: what its character set and its sql_mode make of the same bytes."""

from collections.abc import Callable
from typing import NamedTuple

_ANSI_QUOTES, _MSSQL, _NO_BACKSLASH_ESCAPES = 1 << 2, 1 << 10, 1 << 20


class Dialect(NamedTuple):
    """The SQL dialect of a session.

    `charset`: the client's character set; `decode` reads a name in it. `brackets`: names may be in
    [brackets]. `mariadb`: the server is a MariaDB, which runs the content of /*M! comments */.
    """

    charset: str
    decode: Callable[[bytes], str]
    ansi_quotes: bool = False
    backslash_escapes: bool = True
    brackets: bool = False
    mariadb: bool = True


def utf8(data: bytes) -> str:
    """A name in UTF-8; bytes that are none stay what they are, so that the name equals no other."""
    return data.decode("utf-8", "surrogateescape")


UTF8 = Dialect("utf8mb4", utf8)


def dialect(
    charset: str, decode: Callable[[bytes], str], sql_mode: int, *, mariadb: bool
) -> Dialect:
    """The dialect of a session with this character set and sql_mode.

    Source: MySQL sql/system_variables.h and MariaDB sql/sql_class.h, the MODE_ constants.
    """
    return Dialect(
        charset,
        decode,
        ansi_quotes=bool(sql_mode & _ANSI_QUOTES),
        backslash_escapes=not sql_mode & _NO_BACKSLASH_ESCAPES,
        brackets=mariadb and bool(sql_mode & _MSSQL),
        mariadb=mariadb,
    )
