"""Sought change: the change that a person asks for, by its id or by the key of its row."""

import re

import msgspec

from shared.flows.trace.found_change import FoundChange
from shared.values.errors import ConfigError
from shared.values.key_hash import key_hash

_COMMA = re.compile(r"(?<!\\),")
_ID = re.compile(r"(?P<transaction>.+)@(?P<ms>\d{10,16})/(?P<place>[^/@]+)")


class Sought(msgspec.Struct, frozen=True):
    """Either an id, or a table and the hash of a key.

    transaction, committed_ms: of the id. key: as it was given, for people.
    """

    id: str = ""
    transaction: str = ""
    committed_ms: int = 0
    table: str = ""
    hash: str = ""
    key: str = ""

    @property
    def thing(self) -> str:
        """What a message about it names."""
        return f"change {self.id}" if self.id else f"row {self.table}:{self.key}"

    def matches(self, known: FoundChange) -> bool:
        """Whether this is the change, or one of the row."""
        if self.id:
            return known.id == self.id
        return known.table == self.table and known.hash == self.hash


def by_id(text: str) -> Sought:
    """The change of this id. Raises ConfigError."""
    found = _ID.fullmatch(text.strip())
    if found is None:
        raise ConfigError(
            "is no id of a change.",
            thing=repr(text),
            hint=(
                "An id is TRANSACTION@COMMIT_TIME/EVENT.ROW, as messages, `rowline tail` and "
                "`rowline parked show` have it. Or name the row: --key DATABASE.TABLE:VALUE."
            ),
        )
    return Sought(found[0], found["transaction"], int(found["ms"]))


def transaction_of(id: str) -> str:
    """The transaction that an id names; empty where it names none, as for a row read again."""
    found = _ID.fullmatch(id)
    return found["transaction"] if found else ""


def by_key(text: str) -> Sought:
    """The latest change of a row: `DATABASE.TABLE:VALUE`, several values with commas.

    `\\,` is a comma in a value. Raises ConfigError.
    """
    table, colon, values = text.partition(":")
    if not colon or table.count(".") != 1 or not values:
        raise ConfigError(
            "names no row.",
            thing=f"--key {text}",
            hint=(
                "Write DATABASE.TABLE:VALUE, or :VALUE,VALUE for a key of two columns; `\\,` is a "
                "comma in a value."
            ),
        )
    return Sought(
        table=table,
        hash=key_hash([part.replace("\\,", ",") for part in _COMMA.split(values)]),
        key=values,
    )
