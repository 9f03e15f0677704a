"""Patterns `DATABASE.TABLE` for captured tables, where `*` matches any characters."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache


class TablePatterns:
    """Tables chosen by patterns, or by a function (database, table) → bool.

    database: whether a table of a database may be captured. A function cannot tell that, so every
        database counts.
    named: the tables that patterns name in full.
    """

    def __init__(self, tables: Iterable[str] | Callable[[str, str], bool]) -> None:
        if callable(tables):
            self.table: Callable[[str, str], bool] = lru_cache(4096)(tables)
            self.database: Callable[[str], bool] = lambda database: database not in SYSTEM_DATABASES
            self.named: list[tuple[str, str]] = []
            self.databases: list[str] = []
            self._open = [_regex("*")]
            return
        patterns = list(tables)
        self.named = [_halves(pattern) for pattern in patterns if "*" not in pattern]
        self.databases = [database for database, _ in map(_halves, patterns) if "*" not in database]
        self._open = [_regex(_halves(pattern)[0]) for pattern in patterns if "*" in pattern]
        databases = [_regex(_halves(pattern)[0]) for pattern in patterns]
        self.table = lru_cache(4096)(
            lambda database, table: any(matches(pattern, database, table) for pattern in patterns)
        )
        self.database = lru_cache(4096)(
            lambda database: any(regex.fullmatch(database) for regex in databases)
        )

    def is_open(self, database: str = "") -> bool:
        """Whether `*` may choose unnamed tables, of this database or of any."""
        return any(not database or regex.fullmatch(database) for regex in self._open)


SYSTEM_DATABASES = frozenset(("mysql", "sys", "information_schema", "performance_schema"))


@lru_cache(4096)
def matches(pattern: str, database: str, table: str) -> bool:
    """Whether a pattern chooses a table."""
    own_database, own_table = _halves(pattern)
    return bool(_regex(own_database).fullmatch(database) and _regex(own_table).fullmatch(table))


def _halves(pattern: str) -> tuple[str, str]:
    database, _, table = pattern.partition(".")
    return database, table


@lru_cache(4096)
def _regex(half: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, half.split("*"))), re.DOTALL)
