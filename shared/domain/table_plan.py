"""TablePlan: how the rows of one column set become changes.

It is worked out once and then applied to every row.
"""

from collections.abc import Callable
from typing import Any

from msgspec import structs

from shared.adapters.binlog.contract import CannotCapture
from shared.domain.key_update import place_of
from shared.domain.projection import Projection
from shared.values.change import Row
from shared.values.errors import RowlineError
from shared.values.message_characters import refused_character
from shared.values.message_group import shard_of
from shared.values.settings import TableSettings
from shared.values.table import Table


class CannotNumber(CannotCapture):
    """The rows of a table cannot become changes under this capture configuration.

    Nothing after them was ever numbered under it.
    """


class TablePlan:
    """A `Projection` as plain functions of a row as it is read, the fastest there are for its
    columns.

    `key` → the key columns; `place` → what decides key and shard (see `key_update.py`); `shard` →
    its shard; `project` → what leaves the relay, unless `whole`: then a row leaves as it is.
    `source` is the table as the reader gave it, `table` as it leaves. Without shards a table needs
    no key: nothing tells its rows apart then. Raises CannotNumber.
    """

    __slots__ = ("key", "place", "project", "shard", "source", "table", "whole")
    key: Callable[[Row], Row]
    place: Callable[[Row], Any]
    shard: Callable[[Row], int]
    project: Callable[[Row], Row]

    def __init__(
        self, table: Table, settings: TableSettings, mask_key: bytes, *, sharded: bool = True
    ) -> None:
        if not sharded and not settings.key and not table.key:
            if settings.hidden:
                self._hide(table, settings, mask_key)
                return
            self.source = self.table = table
            self.key, self.place, self.shard, self.project, self.whole = (
                _no_key,
                _no_shard,
                _no_shard,
                _as_it_is,
                True,
            )
            return
        if sharded and (refused := refused_character(table.full_name)):
            raise CannotNumber(
                f"has {refused} in its name, which SNS and SQS refuse in a message.",
                table=table.full_name,
                thing=f"table {table.full_name!r}",
                hint="Rename the table, or leave it out.",
            )
        try:
            capture = Projection(table, settings, mask_key)
        except RowlineError as error:
            raise CannotNumber(
                error.what, table=table.full_name, thing=error.thing, hint=error.hint
            ) from None
        self.source, self.table = table, capture.table
        self.key = capture.key
        self.whole = capture.is_identity
        self.project = _as_it_is if self.whole else capture.project
        self.place = place_of(capture.key_columns, capture.shard_columns)
        self.shard = capture.shard if sharded else _no_shard
        if len(capture.key_columns) == 1 and capture.key_columns[0] not in settings.mask:
            self.key = _single_key(capture.key_columns[0])
        if len(capture.shard_columns) == 1 and sharded:
            self.shard = _single_shard(capture.shard_columns[0], capture.shards)

    def _hide(self, table: Table, settings: TableSettings, mask_key: bytes) -> None:
        """Plan a table without a key: its columns leave as they should, but no key names a row."""
        shown = [column.name for column in table.columns if column.name not in settings.hidden]
        if not shown:
            raise CannotNumber(
                "has no column that is shown.",
                table=table.full_name,
                thing=f"table {table.full_name}",
                hint="Its stanza drops or masks all of them.",
            )
        stanza = structs.replace(settings, key=(shown[0],), shard_by=())
        capture = Projection(table, stanza, mask_key)
        self.source, self.table = table, structs.replace(capture.table, key=())
        self.key, self.place, self.shard = _no_key, _no_shard, _no_shard
        self.project, self.whole = capture.project, False


def _single_key(name: str) -> Callable[[Row], Row]:
    return lambda row: {name: row[name]}


def _single_shard(name: str, shards: int) -> Callable[[Row], int]:
    return lambda row: shard_of([row[name]], shards)


def _no_key(_: Row) -> Row:
    return {}


def _no_shard(_: Row) -> int:
    return 0


def _as_it_is(row: Row) -> Row:
    return row
