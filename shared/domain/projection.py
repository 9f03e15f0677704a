"""Projection: the columns of a row that leave the relay, its key and its shard.

The relay and the backfill project rows by the same plan. So a row from a SELECT is the same as the
row in its change.
"""

from shared.domain.masking import check_masks, mask_of
from shared.values.change import Row
from shared.values.did_you_mean import did_you_mean
from shared.values.errors import ConfigError, SourceError
from shared.values.message_group import shard_of
from shared.values.settings import TableSettings
from shared.values.table import Column, Table


class Projection:
    """The checked capture of one table.

    table: the columns as they leave, for the schema history.
    key_columns, shard_columns: names of columns of the row as it is read.
    is_identity: whether `project` changes nothing.
    hash_key: the secret key of mask `hash`. Without it nobody can find a value by hashing
        candidates.

    Raises SourceError for a table without a key. Raises ConfigError for missing key and shard
    columns, and for masks that would make rows indistinguishable.
    """

    def __init__(self, table: Table, settings: TableSettings, hash_key: bytes = b"") -> None:
        self.key_columns = settings.key or table.key
        self.shard_columns = settings.shard_by or self.key_columns
        self.shards = settings.shards
        self._dropped = frozenset(settings.drop)
        _check(table, settings, self.key_columns, hash_key)
        self._masks = {
            column: mask_of(how, hash_key)
            for column, how in settings.mask.items()
            if column not in self._dropped
        }
        self.is_identity = not self._dropped and not self._masks
        self._masked_key = any(column in self._masks for column in self.key_columns)
        self.table = self._projected(table)

    def key(self, row: Row) -> Row:
        """The key of a row as it is read, masked as the stanza says."""
        key = {column: row[column] for column in self.key_columns}
        if self._masked_key:
            self._apply(key)
        return key

    def shard(self, row: Row) -> int:
        """The shard of a row as it is read. It is made of the true values, which it does not
        reveal.
        """
        return shard_of([row[column] for column in self.shard_columns], self.shards)

    def project(self, row: Row) -> Row:
        """The columns that leave; the row itself if all of them do."""
        if self.is_identity:
            return row
        kept = (
            {column: value for column, value in row.items() if column not in self._dropped}
            if self._dropped
            else dict(row)
        )
        self._apply(kept)
        return kept

    def _apply(self, row: Row) -> None:
        for column, mask in self._masks.items():
            if row.get(column) is not None:
                row[column] = mask(row[column])

    def _projected(self, table: Table) -> Table:
        columns = tuple(
            Column(name=column.name, kind="varchar", nullable=column.nullable, charset="utf8mb4")
            if column.name in self._masks
            else column
            for column in table.columns
            if column.name not in self._dropped
        )
        return Table(
            database=table.database, name=table.name, columns=columns, key=self.key_columns
        )


def _check(table: Table, settings: TableSettings, key: tuple[str, ...], hash_key: bytes) -> None:
    name = table.full_name
    if not key:
        raise SourceError(
            "has no primary key, so its rows cannot be told apart.",
            thing=f"table {name}",
            hint=(
                "Add one, or name unique NOT NULL columns in the stanza: tables: "
                f"{{{name}: {{key: [column]}}}}."
            ),
        )
    known = {column.name for column in table.columns}
    # A dropped or masked column that a DDL removed is no reason to stop: preflight names it, and
    # the stream continues.
    for option, columns in (("key", settings.key), ("shardBy", settings.shard_by)):
        if unknown := sorted(set(columns) - known):
            raise ConfigError(
                f"names {unknown[0]}, which is no column of {name}.",
                thing=f"tables.{name}.{option}",
                hint=f"{did_you_mean(unknown[0], sorted(known))}Correct it, or take it out.",
            )
    check_masks(table, settings, key, hash_key)
