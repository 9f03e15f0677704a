"""Table: the columns and the key of a table."""

import msgspec


class Column(msgspec.Struct, frozen=True, omit_defaults=True):
    """One column.

    kind: the SQL base type in lower case. The binlog does not name the sizes of text and blob:
        there they are `text` and `blob`.
    length: characters, bytes or precision.
    scale: digits after the point, or of fractional seconds.
    labels: of ENUM and SET.
    """

    name: str
    kind: str
    unsigned: bool = False
    nullable: bool = True
    length: int = 0
    scale: int = 0
    charset: str = ""
    labels: tuple[str, ...] = ()


class Table(msgspec.Struct, frozen=True):
    """A table's columns in order, and its key: column names in key order, empty without a key.

    whole: all its columns, where some are left out of `columns`.
    """

    database: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    whole: tuple[Column, ...] = ()

    @property
    def full_name(self) -> str:
        """`database.table`, as everywhere in stanzas, attributes and output."""
        return f"{self.database}.{self.name}"

    def without(self, columns: frozenset[str]) -> "Table":
        """The table with these columns left out."""
        kept = tuple(column for column in self.columns if column.name not in columns)
        return (
            msgspec.structs.replace(self, columns=kept, whole=self.whole or self.columns)
            if len(kept) < len(self.columns)
            else self
        )
