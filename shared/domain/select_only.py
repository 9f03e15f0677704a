"""Whether a statement only reads."""

import re

from shared.values.errors import ConfigError

_SKIPPED = re.compile(r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*.*?\*/)+", re.DOTALL)
_READS = ("select", "with", "values", "table")
_WORD = re.compile(r"[A-Za-z]+")


def require_select(sql: str) -> str:
    """The statement without a semicolon at its end. Raises ConfigError unless it only reads."""
    begin = _SKIPPED.match(sql)
    word = _WORD.match(sql, begin.end() if begin else 0)
    first = word[0].lower() if word else ""
    if first not in _READS:
        raise ConfigError(
            f"begins with {first.upper() or 'nothing'}, and only SELECT is allowed.",
            thing="the query",
            hint=(
                "Write a SELECT: a statement that writes would make the archive's table and "
                "its ledger disagree."
            ),
        )
    return sql.rstrip().removesuffix(";").rstrip()
