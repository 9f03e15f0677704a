"""ALTER TABLE: its actions that change what rows hold or which rows they are, or take rows away."""

from collections.abc import Iterator, Sequence

from shared.adapters.binlog.statements import added_columns as columns
from shared.adapters.binlog.statements.altered_columns import column_changes
from shared.adapters.binlog.statements.names import (
    Names,
    outside,
    past_brackets,
    past_exists,
    split,
)
from shared.adapters.binlog.statements.statement import Effect, QualifiedName
from shared.adapters.binlog.statements.tokens import Token

_PARTITIONS_GO = ("DROP", "TRUNCATE", "EXCHANGE", "CONVERT")
_INDEXES = ("INDEX", "KEY", "UNIQUE", "FULLTEXT", "SPATIAL")
_OF_TABLES = (*_INDEXES, "PRIMARY", "FOREIGN", "CHECK")
KEEPING_ENGINES = frozenset(
    "INNODB XTRADB MYISAM ARIA ROCKSDB MYROCKS TOKUDB MEMORY HEAP ARCHIVE NDB NDBCLUSTER".split()
)
"""Engines that keep the rows of a table as they are. Others may drop them (BLACKHOLE), or show rows
that are elsewhere (MERGE, FEDERATED, CONNECT).
"""


def alterations(
    names: Names, name: QualifiedName, tokens: list[Token], *, ignore: bool = False
) -> Iterator[Effect]:
    """Effects of ALTER TABLE `name`; `tokens` are its actions, `ignore` that of ALTER IGNORE."""
    tokens = _past_wait(tokens)
    yield Effect("changed", *name, columns=column_changes(tokens))
    new, reasons = name, list[str]()
    if ignore:
        reasons.append("ALTER IGNORE")
    actions = split(tokens)
    for at, action in enumerate(actions):
        words = [token.text for token in action]
        if words[0] in _PARTITIONS_GO and words[1:2] == ["PARTITION"]:
            yield from _partitions(names, name, actions[at:], reasons)
            # an action on partitions is the last: the commas behind it stand between their names
            break
        if words[:2] == ["CONVERT", "TABLE"]:
            # MariaDB: CONVERT TABLE other TO PARTITION …: the rows of the other come in
            other, _ = names.at(action, 2)
            yield Effect("gone", *other)
            reasons.append("CONVERT TABLE")
        elif words[0] == "RENAME" and words[1:2] not in (["COLUMN"], ["INDEX"], ["KEY"]):
            new, _ = names.at(action, 2 if words[1:2] in (["TO"], ["AS"], ["="]) else 1)
        else:
            reasons += filter(None, _why_due(action))
    if new != name:
        yield Effect("gone", *name)
        reasons.append("RENAME")
    was = name if new != name else None
    for why in dict.fromkeys(reasons):
        yield Effect("due", *new, why=why, was=was)


def _why_due(action: list[Token]) -> Iterator[str]:
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
        yield columns.why_due(outside(columns.past_name(tokens)))
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
            return columns.cascade(tokens)
        case ["CHECK" | "INDEX" | "KEY" | "UNIQUE" | "FULLTEXT" | "SPATIAL"]:
            return ""
        case ["VECTOR"] if words[1:2] in (["INDEX"], ["KEY"]):
            return ""
        case ["PERIOD"] if words[1:2] == ["FOR"]:
            return "PERIOD"
        case ["SYSTEM"] if words[1:2] == ["VERSIONING"]:
            return "SYSTEM VERSIONING"
    return columns.why_due(outside(columns.past_name(tokens)))


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


def _partitions(
    names: Names, name: QualifiedName, actions: list[list[Token]], reasons: list[str]
) -> Iterator[Effect]:
    """DROP, TRUNCATE, EXCHANGE and (MariaDB) CONVERT PARTITION.

    Rows leave without row events, or change places with those of another table.
    """
    words = [token.text for token in actions[0]]
    first = past_exists(words, 2)
    partitions = tuple(
        part[0].name for part in [actions[0][first:], *actions[1:]] if part and part[0].name
    )
    if words[0] == "TRUNCATE" and words[first : first + 1] == ["ALL"]:
        yield Effect("gone", *name)
    else:
        # never the whole table for want of a name
        yield Effect("gone", *name, partitions or ("?",))
    if words[0] in ("EXCHANGE", "CONVERT"):
        why = f"{words[0]} PARTITION"
        at = first + (3 if words[first + 2 : first + 3] == ["TABLE"] else 2)
        other, _ = names.at(actions[0], at)
        if words[0] == "EXCHANGE":
            yield Effect("gone", *other)
            reasons.append(why)
        yield Effect("due", *other, why=why)


def _past_wait(tokens: list[Token]) -> list[Token]:
    """MariaDB: ALTER TABLE name WAIT n | NOWAIT …"""
    if tokens and tokens[0].text == "NOWAIT":
        return tokens[1:]
    return tokens[2:] if tokens and tokens[0].text == "WAIT" else tokens
