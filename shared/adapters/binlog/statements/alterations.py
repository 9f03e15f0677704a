"""ALTER TABLE: which of its actions change what rows hold, or take rows away."""

from collections.abc import Iterator

from shared.adapters.binlog.statements.names import name_at, past_exists
from shared.adapters.binlog.statements.statement import Effect
from shared.adapters.binlog.statements.tokens import Token

_NOT_COLUMNS = frozenset(
    "INDEX KEY UNIQUE PRIMARY FULLTEXT SPATIAL CONSTRAINT FOREIGN CHECK PERIOD SYSTEM PARTITION".split()  # noqa: E501
)
_GONE = frozenset(("DROP", "TRUNCATE", "EXCHANGE", "CONVERT"))


def alterations(name: tuple[str, str], tokens: list[Token]) -> Iterator[Effect]:
    """Effects of ALTER TABLE `name`; `tokens` are its actions."""
    yield Effect("changed", *name)
    actions = list(_actions(_past_wait(tokens)))
    for at, action in enumerate(actions):
        words = [token.text for token in action]
        if words[0] in _GONE and words[1:2] == ["PARTITION"]:
            yield from _partitions_gone(name, actions[at:])
            # an action on partitions is the last: the commas behind it stand between their names
            return
        if words[0] == "CONVERT" and words[1:2] == [
            "TABLE"
        ]:  # MariaDB: CONVERT TABLE other TO PARTITION …: the rows of the other come in
            other, _ = name_at(action, 2)
            yield Effect("gone", other[0] or name[0], other[1])
            yield Effect("rewritten", *name)
        elif words[0] == "RENAME" and words[1:2] not in (["COLUMN"], ["INDEX"], ["KEY"]):
            at = 2 if words[1:2] in (["TO"], ["AS"], ["="]) else 1
            new, _ = name_at(action, at)
            yield Effect("gone", *name)
            yield Effect("rewritten", new[0] or name[0], new[1])
        elif _rewrites(words):
            yield Effect("rewritten", *name)


def _partitions_gone(name: tuple[str, str], actions: list[list[Token]]) -> Iterator[Effect]:
    """DROP, TRUNCATE, EXCHANGE and (MariaDB) CONVERT PARTITION: rows leave without row events, or
    change places with those of another table.
    """
    words = [token.text for token in actions[0]]
    first = past_exists(words, 2)
    names = tuple(
        part[0].name for part in [actions[0][first:], *actions[1:]] if part and part[0].name
    )
    if words[0] == "TRUNCATE" and words[first : first + 1] == ["ALL"]:
        yield Effect("gone", *name)
    else:
        yield Effect("gone", *name, names or ("?",))  # never the whole table for want of a name
    if words[0] in ("EXCHANGE", "CONVERT"):
        other, _ = name_at(
            actions[0], first + (3 if words[first + 2 : first + 3] == ["TABLE"] else 2)
        )
        if words[0] == "EXCHANGE":
            yield Effect("gone", other[0] or name[0], other[1])
            yield Effect("rewritten", *name)
        yield Effect("rewritten", other[0] or name[0], other[1])


def _past_wait(tokens: list[Token]) -> list[Token]:
    """MariaDB: ALTER TABLE name WAIT n | NOWAIT …"""
    if tokens and tokens[0].text == "NOWAIT":
        return tokens[1:]
    return tokens[2:] if tokens and tokens[0].text == "WAIT" else tokens


def _actions(tokens: list[Token]) -> Iterator[list[Token]]:
    """The parts of ALTER TABLE between commas that stand in no brackets."""
    depth, part = 0, list[Token]()
    for token in tokens:
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "," and not depth:
            if part:
                yield part
            part = []
        else:
            part.append(token)
    if part:
        yield part


def _rewrites(words: list[str]) -> bool:
    """Whether an action of ALTER TABLE changes what rows hold, or under which name."""
    verb, rest = words[0], [word for word in words[1:] if word != "COLUMN"]
    if verb in ("MODIFY", "CHANGE", "CONVERT", "IMPORT", "DISCARD"):
        return True
    if verb == "RENAME":
        return words[1:2] == ["COLUMN"]
    if verb == "DROP":
        return bool(rest) and rest[0] not in _NOT_COLUMNS
    if verb == "ADD" and rest and rest[0] not in _NOT_COLUMNS:
        text = " ".join(rest)
        return (
            "NOT NULL" in text
            or "GENERATED" in rest
            or "AS" in rest
            or ("DEFAULT" in rest and "DEFAULT NULL" not in text)
            or "AUTO_INCREMENT" in rest
            or "SERIAL" in rest
            or (
                "TIMESTAMP" in rest and "NULL" not in rest
            )  # explicit_defaults_for_timestamp may be off
        )
    return False
