"""From the text of a statement to its meaning."""

from shared.adapters.binlog.statements.ddl import SELECTED, definition
from shared.adapters.binlog.statements.dialect import UTF8, Dialect
from shared.adapters.binlog.statements.dml import calls, changed_rows
from shared.adapters.binlog.statements.names import Names, past_brackets
from shared.adapters.binlog.statements.statement import Statement
from shared.adapters.binlog.statements.tokens import Token, tokenize

_TRANSACTION = {
    "BEGIN": "begin",
    "COMMIT": "commit",
    "SAVEPOINT": "savepoint",
    "RELEASE": "release",
    "END": "commit",
}
_XA = {
    "START": "xa_start",
    "BEGIN": "xa_start",
    "END": "xa_end",
    "PREPARE": "xa_prepare",
    "COMMIT": "xa_commit",
    "ROLLBACK": "xa_rollback",
}
_DEFINITIONS = ("CREATE", "DROP", "ALTER", "RENAME", "TRUNCATE")
_HARMLESS = frozenset(
    "GRANT REVOKE FLUSH ANALYZE OPTIMIZE REPAIR CHECK CHECKSUM SET USE INSTALL "
    "UNINSTALL RESET CHANGE PURGE KILL SHUTDOWN START STOP SHOW HELP "
    "LOCK UNLOCK CACHE BINLOG CLONE RESTART BACKUP".split()
)
_OF_ANALYZE_TABLE = ("TABLE", "TABLES", "LOCAL", "NO_WRITE_TO_BINLOG")


def read(sql: bytes, dialect: Dialect = UTF8, names: Names | None = None) -> Statement:
    """The meaning of `sql`, which a session with this dialect sent.

    A statement of an unknown kind may change every table that it may name, and others.
    """
    tokens = _main(list(tokenize(sql, dialect)))
    names = names or Names()
    if not tokens:
        return Statement("")
    words = [token.text for token in tokens[:4]]
    verb, second = words[0], words[1] if len(words) > 1 else ""
    if verb == "XA":
        return Statement(verb, _XA.get(second, ""))
    if verb == "ROLLBACK" and "TO" in words[1:3]:
        return Statement(verb, "rollback_to", name=tokens[-1].name)
    if verb == "ROLLBACK":
        return Statement(verb, "rollback")
    if verb == "START" and second == "TRANSACTION":
        return Statement(verb, "begin")
    if verb in _TRANSACTION:
        return Statement(verb, _TRANSACTION[verb], name=tokens[-1].name)
    if verb in _DEFINITIONS:
        effects = tuple(definition(names, verb, tokens))
        selected = any(effect.why == SELECTED for effect in effects)
        return Statement(verb, effects=effects, calls=selected and calls(_from_select(tokens)))
    if verb in _HARMLESS:
        return Statement(verb)
    return changed_rows(names, verb, tokens)


def _from_select(tokens: list[Token]) -> list[Token]:
    """The part of CREATE TABLE … SELECT that may call functions."""
    return tokens[next((i for i, token in enumerate(tokens) if token.text == "SELECT"), 0) :]


def _main(tokens: list[Token]) -> list[Token]:
    """The statement proper, without what may stand before it."""
    while tokens and tokens[0].text == "(":
        tokens = tokens[1:]
    words = [token.text for token in tokens[:2]]
    if words == ["SET", "STATEMENT"]:  # MariaDB: SET STATEMENT name=value FOR statement
        at = next((i for i, token in enumerate(tokens) if token.text == "FOR"), 0)
        return _main(tokens[at + 1 :])
    if words[:1] == ["ANALYZE"] and words[1:] and words[1] not in _OF_ANALYZE_TABLE:
        # MariaDB: ANALYZE [FORMAT = JSON] statement, which it runs
        return _main(tokens[4 if words[1] == "FORMAT" else 1 :])
    if words[:1] == ["WITH"]:
        return _main(tokens[_past_ctes(tokens) :])
    return tokens


def _past_ctes(tokens: list[Token]) -> int:
    """Behind WITH [RECURSIVE] name [(columns)] AS (…), …"""
    at = 1 + (tokens[1:2] != [] and tokens[1].text == "RECURSIVE")
    while at < len(tokens):
        at = past_brackets(tokens, at + 1)
        if at >= len(tokens) or tokens[at].text != "AS":
            return at
        at = past_brackets(tokens, at + 1)
        if at >= len(tokens) or tokens[at].text != ",":
            return at
        at += 1
    return at
