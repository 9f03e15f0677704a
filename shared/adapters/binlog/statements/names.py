"""Names of tables in statements."""

from collections.abc import Callable, Sequence

from shared.adapters.binlog.statements.statement import QualifiedName
from shared.adapters.binlog.statements.tokens import Token


class Names:
    """Reads names as the server does: in the default database, in lower case where it folds them.

    `fold` gives a name as the server stores it.
    """

    def __init__(self, database: str = "", fold: Callable[[str], str] = str) -> None:
        self._fold = fold
        self._database = fold(database)

    def at(self, tokens: Sequence[Token], at: int) -> tuple[QualifiedName, int]:
        """The table whose name begins at token `at`, and where the name ends.

        Without a database in front it is in the session's default one, also where ALTER TABLE
        names a second table.
        """
        first = tokens[at].name if at < len(tokens) else ""
        if at + 2 < len(tokens) and tokens[at + 1].text == "." and tokens[at + 2].name:
            return (self._fold(first), self._fold(tokens[at + 2].name)), at + 3
        return (self._database, self._fold(first)), at + 1

    def database(self, tokens: Sequence[Token], at: int) -> str:
        """The database whose name is token `at`."""
        return self._fold(tokens[at].name) if at < len(tokens) else ""


def past_exists(words: Sequence[str], at: int) -> int:
    """Where the name begins, behind IF EXISTS or IF NOT EXISTS."""
    if words[at : at + 2] == ["IF", "EXISTS"]:
        return at + 2
    if words[at : at + 3] == ["IF", "NOT", "EXISTS"]:
        return at + 3
    return at


def past_brackets(tokens: Sequence[Token], at: int) -> int:
    """Behind the bracket that closes the one at token `at`; `at` where none opens there."""
    if at >= len(tokens) or tokens[at].text != "(":
        return at
    depth = 0
    for i in range(at, len(tokens)):
        depth += (tokens[i].text == "(") - (tokens[i].text == ")")
        if not depth:
            return i + 1
    return len(tokens)


def split(tokens: Sequence[Token]) -> list[list[Token]]:
    """The parts between commas that stand in no brackets; none is empty."""
    depth, parts = 0, [list[Token]()]
    for token in tokens:
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "," and not depth:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


def outside(tokens: Sequence[Token]) -> list[Token]:
    """The tokens that stand in no brackets; of what is in brackets, the opening one."""
    found, at = list[Token](), 0
    while at < len(tokens):
        found.append(tokens[at])
        at = max(past_brackets(tokens, at), at + 1)
    return found
