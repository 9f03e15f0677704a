"""Received table: a table as a consumer gets it, and what identifies its rows."""

import msgspec

from shared.domain.preflight.key_checks import TableKeys
from shared.values.settings import TableSettings
from shared.values.table import Column, Table


class ReceivedTable(msgspec.Struct, frozen=True):
    """One table that reaches a consumer.

    table: its columns without the dropped ones. Its key is the one that it is captured by.
    keys: the keys of the table in the database.
    blurred: columns in which a mask makes different values equal.
    """

    table: Table
    keys: TableKeys
    blurred: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """`DATABASE.TABLE`"""
        return self.table.full_name

    @property
    def columns(self) -> dict[str, Column]:
        """Its columns by name."""
        return {column.name: column for column in self.table.columns}


def received_table(table: Table, settings: TableSettings, keys: TableKeys) -> ReceivedTable:
    """A table of the database as the stanza lets it leave the relay."""
    left = tuple(column for column in table.columns if column.name not in settings.drop)
    blurred = frozenset(column for column, how in settings.mask.items() if how != "hash")
    key = settings.key or table.key
    return ReceivedTable(Table(table.database, table.name, left, key), keys, blurred)
