"""The columns that CREATE TABLE and ALTER TABLE add or rename."""

from collections.abc import Iterator, Sequence

from shared.adapters.binlog.statements.names import past_brackets, past_exists, split
from shared.adapters.binlog.statements.tokens import Token
from shared.values.column_changes import ColumnChanges

_NO_COLUMN = frozenset(
    "CONSTRAINT PRIMARY FOREIGN UNIQUE INDEX KEY FULLTEXT SPATIAL CHECK PARTITION".split()
)
_IN_ANOTHER_SENSE = {"PERIOD": "FOR", "SYSTEM": "VERSIONING", "LIKE": ""}

Added = tuple[str, tuple[str, ...]]


def column_changes(tokens: Sequence[Token]) -> ColumnChanges:
    """What ALTER TABLE says of columns; `tokens` are its actions."""
    renamed, added = list[tuple[str, str]](), list[Added]()
    for action in split(tokens):
        words = [token.text for token in action]
        match words[:2]:
            case ["CHANGE", _]:
                renamed += _renamed(action, past_exists(words, 1 + (words[1] == "COLUMN")))
            case ["RENAME", "COLUMN"]:
                at = past_exists(words, 2)
                if words[at + 1 : at + 2] == ["TO"]:
                    renamed.append((action[at].name, action[at + 2].name))
            case ["ADD", second]:
                at = past_exists(words, 1 + (second == "COLUMN"))
                if words[at : at + 1] == ["("]:
                    elements = split(action[at + 1 : past_brackets(action, at) - 1])
                    added += [each for one in elements for each in _added(one)]
                else:
                    added += _added(action[at:])
    return ColumnChanges(tuple(renamed), tuple(added))


def created_columns(body: Sequence[Token]) -> ColumnChanges | None:
    """The columns of CREATE TABLE; `body` is what follows its name. None: not all are in it."""
    end = past_brackets(body, 0)
    if not end or any(token.text in ("SELECT", "LIKE") for token in body[:2]):
        return None
    if any(token.text in ("SELECT", "VALUES", "TABLE") for token in body[end:]):
        return None
    elements = split(body[1 : end - 1])
    return ColumnChanges((), tuple(each for one in elements for each in _added(one)))


def _renamed(action: Sequence[Token], at: int) -> Iterator[tuple[str, str]]:
    if len(action) > at + 1 and action[at].name != action[at + 1].name:
        yield action[at].name, action[at + 1].name


def _added(element: Sequence[Token]) -> Iterator[Added]:
    """The column that an element of a definition adds, if it is one."""
    at = past_exists([token.text for token in element], 0)
    words = [token.text for token in element[at:]]
    second = words[1] if len(words) > 1 else ""
    if not words or words[0] in _NO_COLUMN or _IN_ANOTHER_SENSE.get(words[0]) == second:
        return
    end = words.index("AFTER") if "AFTER" in words else len(words)
    behind_type = element[at + 2 : at + end]
    yield element[at].name, tuple(dict.fromkeys(each.name for each in behind_type if each.name))
