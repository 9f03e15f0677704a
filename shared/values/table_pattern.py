"""Which tables are captured: patterns `DATABASE.TABLE`, where `*` stands for any characters."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache


class TablePatterns:
    """Tables chosen by patterns, or by a function (database, table) → bool.

    `database` tells whether anything of a database may be captured; with a function it cannot be
    known, so every database counts. `named` are the tables that patterns name in full.
    """

    def __init__(self, tables: Iterable[str] | Callable[[str, str], bool]) -> None:
        if callable(tables):
            self.table: Callable[[str, str], bool] = lru_cache(4096)(tables)
            self.database: Callable[[str], bool] = lambda database: database not in _SYSTEM
            self.named: list[tuple[str, str]] = []
            self._open = re.compile(r".*", re.DOTALL)
            return
        patterns = list(tables)
        self._open = _regex(each.partition(".")[0] for each in patterns if "*" in each)
        self.named = [
            (database, table)
            for database, _, table in (
                pattern.partition(".") for pattern in patterns if "*" not in pattern
            )
        ]
        # a database may have a dot in its name, and NUL stands in no name
        whole = _regex(pattern.replace(".", "\0", 1) for pattern in patterns)
        databases = _regex(pattern.partition(".")[0] for pattern in patterns)
        self.table = lru_cache(4096)(
            lambda database, table: bool(whole.fullmatch(f"{database}\0{table}"))
        )
        self.database = lru_cache(4096)(lambda database: bool(databases.fullmatch(database)))

    def is_open(self, database: str = "") -> bool:
        """Whether `*` may choose tables, of this database or of any, that nobody named."""
        return bool(self._open.fullmatch(database) if database else self._open.pattern)


_SYSTEM = frozenset(("mysql", "sys", "information_schema", "performance_schema"))


def _regex(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile(
        "|".join("[^\0]*".join(map(re.escape, pattern.split("*"))) for pattern in patterns)
    )


@lru_cache(4096)
def matches(pattern: str, full_name: str) -> bool:
    """Whether a pattern chooses `DATABASE.TABLE`."""
    return bool(_regex([pattern]).fullmatch(full_name))
