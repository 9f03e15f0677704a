"""Table: the column set of a table as the binlog (or information_schema) describes it."""

import msgspec


class Column(msgspec.Struct, frozen=True, omit_defaults=True):
    """One column.

    `kind` is the SQL base type in lower case: tinyint smallint mediumint int bigint decimal float
    double bit year date time datetime timestamp char varchar binary varbinary tinytext … longtext,
    tinyblob … longblob (the binlog does not tell the sizes of text and blob apart by name: `text`
    and `blob` there), enum set json geometry vector uuid inet4 inet6. `length` characters or bytes
    or precision, `scale` digits after the point or of fractional seconds, `labels` of enum and set.
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
    """A table's columns in order and its key (column names, in key order; empty when it has
    none).
    """

    database: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """`database.table`, as everywhere in stanzas, attributes and output."""
        return f"{self.database}.{self.name}"

    def without(self, columns: frozenset[str]) -> "Table":
        """The table with these columns left out."""
        kept = tuple(column for column in self.columns if column.name not in columns)
        return (
            msgspec.structs.replace(self, columns=kept) if len(kept) < len(self.columns) else self
        )
