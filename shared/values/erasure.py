"""Erasure: the rows of a person that leave everything that a stage keeps."""

import msgspec


class Subject(msgspec.Struct, frozen=True):
    """Rows of one table. keys: as the archive writes them, JSON text."""

    source: str
    database: str
    table: str
    keys: tuple[str, ...]

    @property
    def full_name(self) -> str:
        return f"{self.database}.{self.table}"


class Relation(msgspec.Struct, frozen=True):
    """A table whose rows belong to the person where `columns` have the values of a parent row.

    parent: the parent's table, `DATABASE.TABLE`; empty: the table that the person was named in.
    parent_columns: its columns; empty: those of its key.
    """

    source: str
    database: str
    table: str
    columns: tuple[str, ...]
    parent: str = ""
    parent_columns: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.database}.{self.table}"


class Certificate(msgspec.Struct, frozen=True):
    """What an erasure has removed where. It names no key and no value.

    rows: table → how many keys. removed, consumers, remains: see `Erasure`.
    """

    id: str
    by: str
    began_ms: int
    ended_ms: int
    rows: dict[str, int]
    removed: dict[str, int]
    consumers: dict[str, str]
    remains: tuple[str, ...]


class Erasure(msgspec.Struct, frozen=True):
    """A job that erases rows. It is removed with its last step, since it names the keys.

    removed: place → how much was removed there so far.
    swept_ms: when everything was removed but objects that a run may still be about to use; 0: not
        yet.
    rows_seen: the last large row that was looked at.
    consumers: what each consumer has of it. remains: what nobody can remove.
    certificate: when nothing is left but former versions of objects; it has no subjects then, since
        the job may be such a version.
    """

    id: str
    by: str
    began_ms: int
    subjects: tuple[Subject, ...]
    removed: dict[str, int] = {}
    swept_ms: int = 0
    rows_seen: str = ""
    consumers: dict[str, str] = {}
    remains: tuple[str, ...] = ()
    certificate: Certificate | None = None

    def with_removed(self, **counts: int) -> "Erasure":
        """After more was removed."""
        removed = {place: self.removed.get(place, 0) + count for place, count in counts.items()}
        return msgspec.structs.replace(self, removed={**self.removed, **removed})
