"""The key of a captured table: it exists, identifies every row, and leaves the relay."""

from collections.abc import Iterable

import msgspec

from shared.adapters.database.contract import UniqueKey
from shared.values.finding import Finding
from shared.values.settings import TableSettings


class TableKeys(msgspec.Struct, frozen=True):
    """The keys of a table.

    primary: empty without a primary key.
    unique: the other unique keys.
    """

    primary: tuple[str, ...] = ()
    unique: tuple[UniqueKey, ...] = ()

    def identify(self, columns: Iterable[str]) -> bool:
        """Whether these columns identify every row: a key without nulls is among them."""
        held = set(columns)
        whole = [key.columns for key in self.unique if not key.nullable]
        return any(set(key) <= held for key in (self.primary, *whole) if key)


def check_key(name: str, keys: TableKeys, settings: TableSettings) -> list[Finding]:
    """Check that the key by which the table is captured distinguishes its rows."""
    if settings.key:
        return [*_named(name, keys, settings.key), *_hidden(name, settings.key, settings)]
    if keys.primary:
        return _hidden(name, keys.primary, settings)
    usable = [key for key in keys.unique if not key.nullable]
    fix = (
        f"Add a primary key, or put {{key: [{', '.join(usable[0].columns)}]}} behind its name in "
        "the stanza."
        if usable
        else "Add a primary key."
    )
    what = "has no primary key, so its rows cannot be told apart"
    return [_finding(name, "", what, fix, passes=True)]


def _named(name: str, keys: TableKeys, key: tuple[str, ...]) -> list[Finding]:
    """The problems of a key that the stanza names."""
    if set(key) == set(keys.primary):
        return []
    matching = [one for one in keys.unique if set(one.columns) == set(key)]
    if not matching:
        what = f"has no unique index over key [{', '.join(key)}]"
        fix = "Create one, or name the columns of one that exists."
        return [_finding(name, ".key", what, fix, passes=True)]
    if all(one.nullable for one in matching):
        what = f"has a key [{', '.join(key)}] that may be null"
        return [_finding(name, ".key", what, "Make its columns NOT NULL.", passes=True)]
    return []


def _hidden(name: str, key: tuple[str, ...], settings: TableSettings) -> list[Finding]:
    """Key columns that the stanza drops, or masks so that rows cannot be distinguished."""
    hidden = {
        **{column: "mask" for column, how in settings.mask.items() if how != "hash"},
        **dict.fromkeys(settings.drop, "drop"),
    }
    return [
        _finding(
            name,
            f".{hidden[column]}",
            f"loses {column}, which is part of its key, by {hidden[column]}",
            "A key column may only be masked by hash.",
        )
        for column in key
        if column in hidden
    ]


def _finding(name: str, option: str, what: str, fix: str, *, passes: bool = False) -> Finding:
    return Finding(
        f"table {name}",
        "fail",
        what,
        fix,
        blocks_start_only=passes,
        stanza=f"tables.{name}{option}",
    )
