"""Names in SQL, which cannot be bound."""


def identifier(name: str) -> str:
    """A name in backticks, for a statement with bound parameters: `%` is doubled too."""
    return "`" + name.replace("`", "``").replace("%", "%%") + "`"
