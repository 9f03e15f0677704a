"""Names in SQL, which cannot be bound as parameters."""


def identifier(name: str) -> str:
    """A name in backticks, for a statement with bound parameters: `%` is doubled."""
    return "`" + name.replace("`", "``").replace("%", "%%") + "`"
