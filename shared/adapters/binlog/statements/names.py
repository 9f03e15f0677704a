"""Names of tables in statements."""

from shared.adapters.binlog.statements.tokens import Token


def past_exists(words: list[str], at: int) -> int:
    """Where the name begins, behind IF EXISTS or IF NOT EXISTS."""
    if words[at : at + 2] == ["IF", "EXISTS"]:
        return at + 2
    if words[at : at + 3] == ["IF", "NOT", "EXISTS"]:
        return at + 3
    return at


def name_at(tokens: list[Token], at: int) -> tuple[tuple[str, str], int]:
    """((database or "", table), where it ends)."""
    first = tokens[at].name if at < len(tokens) else ""
    if at + 2 < len(tokens) and tokens[at + 1].text == "." and tokens[at + 2].name:
        return (first, tokens[at + 2].name), at + 3
    return ("", first), at + 1
