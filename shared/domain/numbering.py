"""Numbering: the events of a binlog become changes, each with its identity and its number.

The same events give the same changes with the same numbers, whoever reads them and however often.
So it is harmless to read again after a crash.
"""

from collections.abc import Callable, Mapping

import msgspec

from shared.adapters.binlog.contract import Begin, Commit, Event, Rows, Truncated
from shared.domain.key_update import delete_and_create
from shared.domain.table_plan import TablePlan
from shared.domain.truncate_changes import key_of_truncate, told_shards
from shared.values.change import Change, Transaction
from shared.values.message_group import group_prefix
from shared.values.settings import TableSettings, table_settings
from shared.values.table import Table

Numbered = tuple[Table, int, Change]
"""A change, the column set it leaves with, and the shard of its row."""


class Numbering:
    """Takes events in order and gives changes in order, one behind.

    Whether a change is the last of its transaction shows only at the next event.

    seq: number of the last change before the first event.
    skip: the first changes, which are numbered but not returned: they are published already.
    mask_key: keys the hashes of masked columns.
    examine: is given each column set before its first row.
    """

    def __init__(
        self,
        source: str,
        tables: Mapping[str, TableSettings],
        *,
        seq: int = 0,
        skip: int = 0,
        mask_key: bytes = b"",
        sharded: bool = True,
        examine: Callable[[Table], None] = lambda _: None,
    ) -> None:
        self._source, self._tables, self._mask_key, self._sharded = (
            source,
            tables,
            mask_key,
            sharded,
        )
        self._examine = examine
        self._seq, self.skip = seq, skip
        self._plans: dict[
            int, TablePlan
        ] = {}  # by identity: the reader gives one Table object a column set
        self._latest: dict[str, Table] = {}
        self._held: Numbered | None = None
        self._begin = ""
        self._tx, self._ts_ms, self._index = "", 0, 0

    @property
    def transaction(self) -> str:
        """The identity of the transaction under way: that of its changes begin with it."""
        return self._begin

    def take(self, event: Event) -> list[Numbered]:
        """The changes that are ready now. Raises CannotNumber for a table whose rows have no usable
        key.
        """
        if type(event) is Rows:  # nearly all are
            return self._rows(event)
        match event:
            case Begin():
                self._begin, self._tx, self._ts_ms, self._index = (
                    event.id,
                    event.gtid or str(event.position),
                    event.ts_ms,
                    0,
                )
            case Commit():
                return self._last()
            case Truncated():
                return self._truncated(event)
        return []

    @property
    def seq(self) -> int:
        """The number of the last change that was taken."""
        return self._seq

    def rest(self) -> list[Numbered]:
        """The change that is held back, where no event follows it."""
        ready = [] if self._held is None else [self._held]
        self._held = None
        return self._unseen(ready)

    def next(self) -> int:
        """The number of a change that no event brings. Only between two transactions."""
        self._seq += 1
        return self._seq

    def _rows(self, event: Rows) -> list[Numbered]:
        plan = self._plans.get(id(event.table)) or self._plan(event.table)
        table, op, ts_ms, tx = plan.table, event.op, self._ts_ms, self._tx
        key, shard, project, place, whole = (
            plan.key,
            plan.shard,
            plan.project,
            plan.place,
            plan.whole,
        )
        seq, index, prefix = self._seq, self._index, f"{self._begin}/{event.event}."
        ready = [] if self._held is None else [self._held]
        for row, (before, after) in enumerate(event.rows, event.first):
            seq += 1
            if before is None:
                image = after or {}
            elif after is None or place(before) == place(after):
                image = after or before
            else:
                gone, come = delete_and_create(
                    plan, f"{prefix}{row}", before, after, seq, ts_ms, tx, index
                )
                ready += [(table, shard(before), gone), (table, shard(after), come)]
                seq, index = seq + 1, index + 2
                continue
            number = shard(image)
            own_key = key(image)
            if not whole:
                before, after = before and project(before), after and project(after)
            ready.append(
                (
                    table,
                    number,
                    Change(
                        f"{prefix}{row}",
                        seq,
                        op,
                        ts_ms,
                        own_key,
                        before,
                        after,
                        Transaction(tx, index, False),
                    ),
                )
            )
            index += 1
        self._seq, self._index = seq, index
        self._held = ready.pop() if ready else None
        return self._unseen(ready) if self.skip else ready

    def _truncated(self, event: Truncated) -> list[Numbered]:
        full_name = f"{event.database}.{event.table}"
        table = self._latest.get(full_name) or Table(event.database, event.table, ())
        prefix = f"{self._begin}/{group_prefix(self._source, event.database, event.table)}.t"
        shards = table_settings(self._tables, full_name).shards if self._sharded else 1
        key = key_of_truncate(event)
        ready = [] if self._held is None else [self._held]
        for shard in told_shards(key, shards):
            self._seq += 1
            tx = Transaction(self._tx, self._index, False)
            id = f"{prefix}{shard}"
            change = Change(id, self._seq, "t", self._ts_ms, key, None, None, tx)
            ready.append((table, shard, change))
            self._index += 1
        self._held = ready.pop()
        return self._unseen(ready)

    def _last(self) -> list[Numbered]:
        if self._held is None:
            return []
        table, shard, change = self._held
        self._held = None
        last = msgspec.structs.replace(change, tx=Transaction(change.tx.id, change.tx.index, True))
        return self._unseen([(table, shard, last)])

    def _unseen(self, ready: list[Numbered]) -> list[Numbered]:
        seen = min(self.skip, len(ready))
        self.skip -= seen
        return ready[seen:]

    def _plan(self, table: Table) -> TablePlan:
        self._examine(table)
        plan = TablePlan(
            table,
            table_settings(self._tables, table.full_name),
            self._mask_key,
            sharded=self._sharded,
        )
        self._plans[id(table)] = plan  # it keeps the Table, so that its identity stays taken
        self._latest[table.full_name] = plan.table
        return plan
