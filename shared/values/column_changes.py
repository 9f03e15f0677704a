"""ColumnChanges: what a statement says of the columns of a table."""

import msgspec


class ColumnChanges(msgspec.Struct, frozen=True):
    """Names as the statement writes them.

    renamed: former name and new name.
    added: each new column, and the names that its definition mentions.
    """

    renamed: tuple[tuple[str, str], ...] = ()
    added: tuple[tuple[str, tuple[str, ...]], ...] = ()
