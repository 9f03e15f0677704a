"""Definitions of columns: whether a column that is added holds values in rows that are there."""

from collections.abc import Sequence

from shared.adapters.binlog.statements.names import past_exists
from shared.adapters.binlog.statements.tokens import Token
from shared.values.cascades import CASCADE

_ACTIONS = ("CASCADE", "SET")


def why_due(definition: Sequence[Token]) -> str:
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


def past_name(element: Sequence[Token]) -> Sequence[Token]:
    """A column's definition without its name."""
    return element[past_exists([token.text for token in element], 0) + 1 :]
