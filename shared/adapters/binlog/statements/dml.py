"""DML that was logged as a statement: the tables that it may change."""

from collections.abc import Iterator

from shared.adapters.binlog.statements.names import name_at
from shared.adapters.binlog.statements.statement import Effect
from shared.adapters.binlog.statements.tokens import Token


def changed_rows(verb: str, tokens: list[Token]) -> tuple[Effect, ...]:
    """The effect `rows` on each table that the statement may name."""
    return tuple(dict.fromkeys(_named(_targets(verb, tokens))))


def _targets(verb: str, tokens: list[Token]) -> list[Token]:
    """The part of a DML statement that names the tables it changes; all of it for statements whose
    effects hide in routines.
    """
    words = [token.text for token in tokens]
    if verb in ("INSERT", "REPLACE"):
        at = 1
        while at < len(words) and words[at] in (
            "LOW_PRIORITY",
            "DELAYED",
            "HIGH_PRIORITY",
            "IGNORE",
            "INTO",
        ):
            at += 1
        return tokens[at : name_at(tokens, at)[1]]
    if verb == "UPDATE" and "SET" in words:
        return tokens[1 : words.index("SET")]
    if verb == "LOAD" and "INTO" in words:
        at = words.index("INTO") + 2
        return tokens[at : name_at(tokens, at)[1]]
    if verb == "DELETE" and "WHERE" in words:
        return tokens[1 : words.index("WHERE")]
    return tokens[1:]


_DML_WORDS = frozenset(
    "LOW_PRIORITY IGNORE QUICK FROM USING JOIN INNER LEFT RIGHT OUTER CROSS ON AS "
    "WHERE ORDER BY LIMIT".split()
)


def _named(tokens: list[Token]) -> Iterator[Effect]:
    """Every pair of identifiers that may name a table."""
    for i, token in enumerate(tokens):
        if not token.name or token.text in _DML_WORDS:
            continue
        if i + 2 < len(tokens) and tokens[i + 1].text == "." and tokens[i + 2].name:
            yield Effect("rows", token.name, tokens[i + 2].name)
        elif not (i and tokens[i - 1].text == "."):
            yield Effect("rows", "", token.name)
