"""DDL resync reasons: why a table must be resynced after a part of CREATE, ALTER or DROP."""

from collections.abc import Iterator, Sequence

from shared.adapters.binlog.statements.names import outside, past_brackets, past_exists, split
from shared.adapters.binlog.statements.tokens import Token
from shared.values.cascades import CASCADE

_ACTIONS = ("CASCADE", "SET")
_INDEXES = ("INDEX", "KEY", "UNIQUE", "FULLTEXT", "SPATIAL")
_OF_TABLES = (*_INDEXES, "PRIMARY", "FOREIGN", "CHECK")
KEEPING_ENGINES = frozenset(
    "INNODB XTRADB MYISAM ARIA ROCKSDB MYROCKS TOKUDB MEMORY HEAP ARCHIVE NDB NDBCLUSTER".split()
)
"""Engines that keep the rows of a table as they are. Others may drop them (BLACKHOLE), or show rows
that are elsewhere (MERGE, FEDERATED, CONNECT).
"""


def why_due(action: list[Token]) -> Iterator[str]:
    """Why the table is due after one action."""
    words = [token.text for token in action]
    match words[0]:
        case "ADD":
            yield from _added(action[1:])
        case "DROP":
            yield _dropped(action[1:])
        case "MODIFY" | "CHANGE":
            yield f"{words[0]} COLUMN"
        case "CONVERT":
            yield "CONVERT TO CHARACTER SET"
        case "RENAME" if words[1:2] == ["COLUMN"]:
            yield "RENAME COLUMN"
        case "IMPORT" | "DISCARD":
            yield f"{words[0]} TABLESPACE"
        case "ALTER" | "ORDER":
            return
        case _:
            yield options_due(action)


def options_due(tokens: Sequence[Token]) -> str:
    """Why the options of a table leave it without its rows, or with others."""
    flat = outside(tokens)
    for at, token in enumerate(flat):
        if token.text in ("ENGINE", "TYPE"):
            behind = [each for each in flat[at + 1 : at + 3] if each.text != "="]
            name = (behind[0].name or behind[0].string) if behind else ""
            if name.upper() not in KEEPING_ENGINES:
                return "ENGINE"
        elif token.text in ("UNION", "CONNECTION"):
            return token.text
    return ""


def _added(tokens: list[Token]) -> Iterator[str]:
    """Why ADD makes the table due; `tokens` are those behind it."""
    words = [token.text for token in tokens]
    if words[:1] == ["COLUMN"]:
        tokens, words = tokens[1:], words[1:]
        is_column = words[:1] != ["("]
    elif words[:1] == ["PARTITION"]:
        return
    else:
        is_column = False
    if words[:1] == ["("]:
        for element in split(tokens[1 : past_brackets(tokens, 0) - 1]):
            yield _element(element)
    elif is_column:
        yield _column(outside(_past_name(tokens)))
    else:
        yield _element(tokens)


def _element(tokens: Sequence[Token]) -> str:
    """Why a column, a key or a constraint that is added makes the table due."""
    words = [token.text for token in tokens]
    if words[:1] == ["CONSTRAINT"]:
        at = past_exists(words, 1)
        at += words[at : at + 1] not in ([word] for word in _OF_TABLES)
        tokens, words = tokens[at:], words[at:]
    match words[:1]:
        case ["PRIMARY"]:
            return "PRIMARY KEY"
        case ["FOREIGN"]:
            return cascade(tokens)
        case ["CHECK" | "INDEX" | "KEY" | "UNIQUE" | "FULLTEXT" | "SPATIAL"]:
            return ""
        case ["VECTOR"] if words[1:2] in (["INDEX"], ["KEY"]):
            return ""
        case ["PERIOD"] if words[1:2] == ["FOR"]:
            return "PERIOD"
        case ["SYSTEM"] if words[1:2] == ["VERSIONING"]:
            return "SYSTEM VERSIONING"
    return _column(outside(_past_name(tokens)))


def _dropped(tokens: list[Token]) -> str:
    """Why DROP makes the table due; `tokens` are those behind it."""
    words = [token.text for token in tokens]
    match words[:2]:
        case ["PRIMARY", _]:
            return "PRIMARY KEY"
        case ["INDEX" | "KEY" | "CONSTRAINT", _]:
            return index_due(tokens, 1)
        case ["FOREIGN" | "CHECK", _]:
            return ""
        case ["PERIOD", "FOR"]:
            return "PERIOD"
        case ["SYSTEM", "VERSIONING"]:
            return "SYSTEM VERSIONING"
    return "DROP COLUMN"


def index_due(tokens: Sequence[Token], at: int) -> str:
    """Why a table is due without the index whose name begins at `at`."""
    at = past_exists([token.text for token in tokens], at)
    name = tokens[at].name if at < len(tokens) else ""
    return "PRIMARY KEY" if name.upper() == "PRIMARY" else ""


def _column(definition: Sequence[Token]) -> str:
    """Why the addition of this column changes rows; "" if it does not.

    definition: the column's type and attributes.

    NULL in every row is no change. A TIMESTAMP counts as NOT NULL unless its definition allows
    NULL, because explicit_defaults_for_timestamp may be off.
    """
    words = [token.text for token in definition]
    if words[:1] == ["SERIAL"]:
        return "ADD COLUMN"
    timestamp = words[:1] == ["TIMESTAMP"]
    for at, word in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else ""
        before = words[at - 1] if at else ""
        match word:
            case "PRIMARY":
                return "PRIMARY KEY"
            case "KEY" if before != "UNIQUE":
                return "PRIMARY KEY"
            case "NULL" if before == "NOT":
                return "ADD COLUMN"
            case "NULL" if before != "DEFAULT":
                timestamp = False
            case "DEFAULT" if following != "NULL":
                return "ADD COLUMN"
            case "AS" | "GENERATED" | "AUTO_INCREMENT":
                return "ADD COLUMN"
            case "REFERENCES":
                return cascade(definition[at:])
            case "AFTER":
                break
    return "ADD COLUMN" if timestamp else ""


def cascade(references: Sequence[Token]) -> str:
    """Why rows may change by a foreign key ("" they may not), from its tokens."""
    words = [token.text for token in references]
    for at, word in enumerate(words[:-2]):
        if word == "ON" and words[at + 1] in ("DELETE", "UPDATE") and words[at + 2] in _ACTIONS:
            return CASCADE
    return ""


def _past_name(element: Sequence[Token]) -> Sequence[Token]:
    """A column's definition without its name."""
    return element[past_exists([token.text for token in element], 0) + 1 :]
