"""ALTER TABLE: its actions that change what rows hold or which rows they are, or take rows away."""

from collections.abc import Iterator

from shared.adapters.binlog.statements.altered_columns import column_changes
from shared.adapters.binlog.statements.ddl_resync_reasons import why_due
from shared.adapters.binlog.statements.names import (
    Names,
    past_exists,
    split,
)
from shared.adapters.binlog.statements.statement import Effect, QualifiedName
from shared.adapters.binlog.statements.tokens import Token

_PARTITIONS_GO = ("DROP", "TRUNCATE", "EXCHANGE", "CONVERT")


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
            reasons += filter(None, why_due(action))
    if new != name:
        yield Effect("gone", *name)
        reasons.append("RENAME")
    was = name if new != name else None
    for why in dict.fromkeys(reasons):
        yield Effect("due", *new, why=why, was=was)


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
