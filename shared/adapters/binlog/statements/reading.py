"""From the text of a statement to what it does."""

from shared.adapters.binlog.statements.definitions import definition
from shared.adapters.binlog.statements.dml import changed_rows
from shared.adapters.binlog.statements.statement import Statement
from shared.adapters.binlog.statements.tokens import tokenize

_TRANSACTION = {
    "BEGIN": "begin",
    "COMMIT": "commit",
    "SAVEPOINT": "savepoint",
    "RELEASE": "savepoint",
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
_HARMLESS = frozenset(
    "GRANT REVOKE FLUSH ANALYZE OPTIMIZE REPAIR CHECK CHECKSUM SET USE INSTALL "
    "UNINSTALL RESET CHANGE PURGE KILL SHUTDOWN START STOP SHOW HELP "
    "LOCK UNLOCK CACHE BINLOG IMPORT CLONE RESTART BACKUP".split()
)


def read(sql: str) -> Statement:
    """What `sql` does. A statement of an unknown kind has the effect `rows` on every table it may
    name.
    """
    tokens = list(tokenize(sql))
    while tokens and tokens[0].text == "(":
        tokens = tokens[1:]
    if (
        len(tokens) > 2 and tokens[0].text == "SET" and tokens[1].text == "STATEMENT"
    ):  # MariaDB: SET STATEMENT name=value FOR statement
        tokens = tokens[next((i for i, token in enumerate(tokens) if token.text == "FOR"), 0) + 1 :]
    if not tokens:
        return Statement("")
    verb = tokens[0].text
    second = tokens[1].text if len(tokens) > 1 else ""
    if verb == "XA":
        return Statement(verb, _XA.get(second, ""))
    if verb == "ROLLBACK":
        return Statement(
            verb, "rollback_to" if "TO" in (token.text for token in tokens[1:3]) else "rollback"
        )
    if verb == "START" and second == "TRANSACTION":
        return Statement(verb, "begin")
    if verb in _TRANSACTION:
        return Statement(verb, _TRANSACTION[verb])
    if verb in ("CREATE", "DROP", "ALTER", "RENAME", "TRUNCATE"):
        return Statement(verb, effects=tuple(definition(verb, tokens)))
    if verb in _HARMLESS:
        return Statement(verb)
    return Statement(verb, effects=changed_rows(verb, tokens))
