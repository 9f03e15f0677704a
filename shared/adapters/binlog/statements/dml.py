"""DML that was logged as a statement: the tables that its text says it changes."""

from collections.abc import Iterator, Sequence

from shared.adapters.binlog.statements.keywords import BEFORE_BRACKETS, NATIVE_FUNCTIONS
from shared.adapters.binlog.statements.names import Names, outside, split
from shared.adapters.binlog.statements.statement import (
    Effect,
    QualifiedName,
    Statement,
    StatementKind,
)
from shared.adapters.binlog.statements.tokens import Token

_MODIFIERS = frozenset("LOW_PRIORITY DELAYED HIGH_PRIORITY IGNORE QUICK INTO".split())
_NOT_TABLES = frozenset(
    "FROM INNER LEFT RIGHT OUTER CROSS JOIN STRAIGHT_JOIN NATURAL ON USING AS PARTITION USE FORCE "
    "IGNORE INDEX KEY FOR ORDER GROUP BY".split()
)
_CONDITIONS = frozenset("WHERE ORDER LIMIT RETURNING".split())


def changed_rows(names: Names, verb: str, tokens: list[Token]) -> Statement:
    """What the text says the statement changes, and whether it may do more."""
    at = 1
    while at < len(tokens) and tokens[at].text in _MODIFIERS:
        at += 1
    match verb:
        case "INSERT" | "REPLACE":
            name, at = names.at(tokens, at)
            # the list of columns behind the name looks like a call
            return _statement(verb, [name], calls(tokens[at:]))
        case "LOAD" if (table := _find(tokens, "TABLE")) is not None:
            name, at = names.at(tokens, table + 1)
            return _statement(verb, [name], calls(tokens[at:]))
        case "UPDATE" if (end := _find(tokens, "SET")) is not None:
            return _statement(verb, _named(names, tokens[at:end]), calls(tokens))
        case "DELETE" if [token.text for token in tokens[1:3]] == ["HISTORY", "FROM"]:
            return Statement(verb)  # MariaDB: rows that were deleted or changed long before
        case "DELETE":
            ends = [end for word in _CONDITIONS if (end := _find(tokens, word)) is not None]
            targets = _named(names, tokens[at : min(ends, default=len(tokens))])
            return _statement(verb, targets, calls(tokens))
        case "SELECT" | "DO" | "VALUES":
            return Statement(verb, calls=calls(tokens))
    return _statement(verb, _named(names, tokens[1:]), True)


def calls(tokens: Sequence[Token]) -> bool:
    """Whether a function may be called that is not the server's own."""
    for at, token in enumerate(tokens[:-1]):
        if tokens[at + 1].text == "(" and token.name:
            if at and tokens[at - 1].text == ".":
                return True
            if token.text not in NATIVE_FUNCTIONS and token.text not in BEFORE_BRACKETS:
                return True
    return False


def _statement(verb: str, targets: Sequence[QualifiedName], may_call: bool) -> Statement:
    kind: StatementKind = "rows" if len(targets) == 1 else "perhaps"
    return Statement(verb, effects=tuple(Effect(kind, *name) for name in targets), calls=may_call)


def _find(tokens: Sequence[Token], word: str) -> int | None:
    """The place of a word outside brackets."""
    depth = 0
    for at, token in enumerate(tokens):
        depth += (token.text == "(") - (token.text == ")")
        if token.text == word and not depth:
            return at
    return None


def _named(names: Names, tokens: Sequence[Token]) -> list[QualifiedName]:
    """The tables in a list of references; names of aliases may be among them."""
    return list(dict.fromkeys(name for part in split(tokens) for name in _in_part(names, part)))


def _in_part(names: Names, part: Sequence[Token]) -> Iterator[QualifiedName]:
    flat, at = outside(part), 0
    while at < len(flat):
        if flat[at].text in ("ON", "USING"):  # up to the next join it is a condition
            if flat[at].text == "USING" and at + 1 < len(flat) and flat[at + 1].text != "(":
                at += 1  # DELETE FROM a USING a JOIN b
                continue
            at += 1
            while at < len(flat) and not flat[at].text.endswith("JOIN"):
                at += 1
        elif flat[at].name and flat[at].text not in _NOT_TABLES:
            name, at = names.at(flat, at)
            yield name
            at += at < len(flat) and flat[at].text == "AS"
            at += at < len(flat) and bool(flat[at].name) and flat[at].text not in _NOT_TABLES
        else:
            at += 1
