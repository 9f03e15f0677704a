"""Name list: an option that takes several names or patterns, separated by commas."""

from collections.abc import Iterable

from shared.values.errors import ConfigError


def split_names(names: str) -> list[str]:
    """`"a, b"` → `["a", "b"]`; nothing for an empty option."""
    return [name.strip() for name in names.split(",") if name.strip()]


def table_patterns(texts: Iterable[str]) -> list[str]:
    """The patterns of `--tables`, one at least. Raises ConfigError for one without a database."""
    patterns = [each for text in texts for each in split_names(text)] or [""]
    for pattern in patterns:
        if "." not in pattern:
            raise ConfigError(
                "names no table.",
                thing=f"--tables {pattern}",
                hint=f"Write DATABASE.TABLE: {pattern}.* for a whole database.",
            )
    return patterns
