"""Aliases: under which name the documents of a table are written and searched."""

import re
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b

from shared.values.errors import ConfigError

ALIAS_LIMIT = 248
"""Bytes: an index name may have 255, and `-000001` is added."""

_ODD = re.compile(r"[^a-z0-9_.-]")


class Aliases:
    """The aliases of a consumer's tables.

    pattern: may hold `{database}` and `{table}`. place: leads to it in the stanzas.
    tables: those of the consumer, `database.table` or `database.*`.

    Raises ConfigError for a pattern that would put two tables into one index, where rows of the
    same key overwrite each other.
    """

    def __init__(self, pattern: str, place: str, tables: Sequence[str]) -> None:
        self._pattern, self._place = pattern, place
        databases = {table.partition(".")[0] for table in tables}
        several = len(tables) > 1 or any(table.endswith(".*") for table in tables)
        if several and "{table}" not in pattern:
            raise ConfigError(
                "would put several tables into one index.",
                thing=place,
                hint="Write {table} into it, or make a consumer for each table.",
            )
        if len(databases) > 1 and "{database}" not in pattern:
            raise ConfigError(
                "would mix tables of several databases.",
                thing=place,
                hint="Write {database} into it.",
            )
        if re.search(r"\{database\}[^-]*\{table\}|\{table\}[^-]*\{database\}", pattern):
            raise ConfigError(
                "does not keep database and table apart.",
                thing=place,
                hint="Put a `-` between them: {database}-{table}.",
            )
        self.of = cache(self._of)
        self.of("database", "table")

    def _of(self, database: str, table: str) -> str:
        """The alias of a table. Raises ConfigError.

        `{database}` and `{table}` of the pattern are replaced by the names. A name that
        Elasticsearch cannot take (upper case, other characters), or a database name with a hyphen,
        which would be ambiguous, is made valid and gets `~` and a hash of the true name: no two
        tables ever share an index.
        """
        alias = self._pattern.replace("{database}", _valid(database, hyphen=False)).replace(
            "{table}", _valid(table, hyphen=True)
        )
        if (
            len(alias.encode()) > ALIAS_LIMIT
            or _ODD.search(alias.replace("~", ""))
            or alias[:1] in "_-."
        ):
            raise ConfigError(
                f"gives {alias!r}, which cannot be an index name.",
                thing=self._place,
                hint=(
                    "Use lower-case letters, digits, `_`, `.` and `-`, a letter or digit first, at "
                    f"most {ALIAS_LIMIT} bytes."
                ),
            )
        return alias


def _valid(name: str, *, hyphen: bool) -> str:
    plain = _ODD.sub("_", name.lower()).lstrip("_.-")
    if plain == name and (hyphen or "-" not in name):
        return name
    return f"{plain}~{blake2b(name.encode(), digest_size=4).hexdigest()}"
