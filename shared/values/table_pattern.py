"""Which tables are captured: patterns `DATABASE.TABLE`, where `*` stands for any characters."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache


class TablePatterns:
    """Tables chosen by patterns, or by a function (database, table) → bool.

    `database` tells whether anything of a database may be captured; with a function it cannot be
    known, so every database counts.
    """

    def __init__(self, tables: Iterable[str] | Callable[[str, str], bool]) -> None:
        if callable(tables):
            self.table: Callable[[str, str], bool] = lru_cache(4096)(tables)
            self.database: Callable[[str], bool] = lambda database: database not in _SYSTEM
            self._named: list[tuple[str, str]] = []
            return
        patterns = list(tables)
        self._named = [
            (database, table)
            for database, _, table in (
                pattern.partition(".") for pattern in patterns if "*" not in pattern
            )
        ]
        whole = _regex(patterns)
        databases = _regex(pattern.partition(".")[0] for pattern in patterns)
        self.table = lru_cache(4096)(
            lambda database, table: bool(whole.fullmatch(f"{database}.{table}"))
        )
        self.database = lru_cache(4096)(lambda database: bool(databases.fullmatch(database)))

    def named(self, database: str) -> list[str]:
        """The tables of a database that patterns name in full."""
        return [table for own, table in self._named if own == database]


_SYSTEM = frozenset(("mysql", "sys", "information_schema", "performance_schema"))


def _regex(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile(
        "|".join(".*".join(map(re.escape, pattern.split("*"))) for pattern in patterns), re.DOTALL
    )


@lru_cache(4096)
def matches(pattern: str, full_name: str) -> bool:
    """Whether a pattern chooses `DATABASE.TABLE`."""
    return bool(_regex([pattern]).fullmatch(full_name))
