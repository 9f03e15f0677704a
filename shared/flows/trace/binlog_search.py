"""Binlog search: finds a change in the binlog, and counts its number from the checkpoint."""

import time
from collections.abc import Callable

from shared.adapters.binlog.contract import Begin, Binlog, Commit, Heartbeat
from shared.adapters.binlog.gtid import MariadbGtids, MysqlGtids
from shared.domain.numbering import Numbered, Numbering
from shared.flows.trace.found_change import FoundChange
from shared.flows.trace.sought_change import Sought, transaction_of
from shared.values.capture_configuration import read_configuration
from shared.values.checkpoint import Checkpoint
from shared.values.errors import ConfigError
from shared.values.key_hash import key_hash
from shared.values.message_group import group_id
from shared.values.position import Position
from shared.values.seq import split_seq
from shared.values.settings import SourceSettings
from shared.values.stream import source_of

SEARCH_SECONDS, LEAST_SECONDS = 2.5, 0.5
_UUID = 36  # characters
_FIRST_EVENT = 4
"""The place of the first event in a binlog file."""


class BinlogSearch:
    """One search in the binlog of a stream.

    deadline: of the clock `now`, when it ends, though not before `LEAST_SECONDS`.
    complete: the search has read to the binlog's end. seconds: how long it has read.
    """

    def __init__(
        self,
        binlog: Binlog,
        source: SourceSettings,
        point: Checkpoint,
        mask_key: bytes,
        deadline: float = float("inf"),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._binlog, self._source, self._point, self._now = binlog, source, point, now
        tables = read_configuration(point.capture).tables
        self._deadline, self.seconds = deadline, 0.0
        self._numbering = Numbering(source_of(source.stream), tables, mask_key=mask_key)
        self.complete = False

    def find(self, sought: Sought, behind: FoundChange | None = None) -> FoundChange | None:
        """The change, or the latest of the row, within `SEARCH_SECONDS`.

        behind: a change with a known number. The search begins with it, and counts from it where
            the checkpoint is too far away.
        None when it is not in what was read. Raises the binlog's errors.
        """
        start, until = self._start(sought, behind), self._binlog.latest()
        if start is None:
            return None
        found: Numbered | None = None
        place = at = start  # of the change; of the transaction under way
        base: int | None = None  # the number at the checkpoint
        known: int | None = None  # the number of the change that is known
        passed = False
        began = self._now()
        end = max(began + LEAST_SECONDS, min(began + SEARCH_SECONDS, self._deadline))
        for event in self._binlog.read(start, until=until, through_restarts=True):
            if isinstance(event, Begin):
                passed = passed or (found is not None and bool(sought.id))
                at = event.position
            for one in self._numbering.take(event):
                if self._is(sought, one):
                    found, place = one, at
                if behind and one[2].id == behind.id and self._same_epoch(behind.seq):
                    known = one[2].seq
            if isinstance(event, Commit | Heartbeat):
                if base is None and self._is_at_checkpoint(event.position):
                    base = self._numbering.seq
                is_behind = event.position.order() >= self._point.position.order()
                enough = known is not None or (is_behind and (base is not None or passed))
                if found and sought.id and enough:
                    break
            if self._now() > end:
                break
        else:
            self.complete = True
        self.seconds = self._now() - began
        for one in self._numbering.rest():
            if self._is(sought, one):
                found, place = one, at
        if not found:
            return None
        seq = 0
        if base is not None:
            seq = self._point.seq - base + found[2].seq
        elif behind and known is not None:
            seq = behind.seq - known + found[2].seq
        return self._known(found, place, seq if seq > 0 and self._same_epoch(seq) else 0)

    def _is_at_checkpoint(self, position: Position) -> bool:
        return position.order() == self._point.position.order()

    def _same_epoch(self, seq: int) -> bool:
        """Whether the stream has had no turn between this number and the checkpoint."""
        return split_seq(seq)[0] == split_seq(self._point.seq)[0]

    def _is(self, sought: Sought, one: Numbered) -> bool:
        table, _, change = one
        if sought.id:
            return change.id == sought.id
        return table.full_name == sought.table and key_hash(change.key.values()) == sought.hash

    def _known(self, one: Numbered, place: Position, seq: int) -> FoundChange:
        table, shard, change = one
        return FoundChange(
            change.id,
            self._source.stream,
            table.full_name,
            change.op,
            group_id(source_of(self._source.stream), table.database, table.name, shard),
            key_hash(change.key.values()),
            seq,
            change.ts_ms,
            published=self._is_published(place),
        )

    def _is_published(self, place: Position) -> bool | None:
        """A transaction that is published in part shows only by numbers."""
        if not place.file or not self._point.position.file:
            return None
        if self._point.position.order() > place.order():
            return True
        partly = self._point.rows and self._point.position.order() == place.order()
        return None if partly else False

    def _start(self, sought: Sought, behind: FoundChange | None) -> Position | None:
        """The place before the transaction; of a row, the beginning of the newest file."""
        latest = self._binlog.latest()
        transaction = transaction_of(behind.id) if behind else sought.transaction
        if not transaction:
            return Position(file=latest.file, offset=_FIRST_EVENT)
        try:
            found = before(transaction, self._binlog.identity(), latest)
        except ConfigError:
            return None
        return self._binlog.earliest() if found == Position() else found


def before(transaction: str, server: str, latest: Position) -> Position | None:
    """The place before a transaction, by its identity.

    The empty place is the beginning. None where the transaction is another server's.
    """
    head, _, offset = transaction.rpartition(":")
    if head.startswith(f"{server}:"):
        return Position(file=head.removeprefix(f"{server}:"), offset=int(offset))
    parts = transaction.split("-")
    if len(parts) == 3 and transaction.replace("-", "").isdigit():
        domain, server_id, number = map(int, parts)
        return _before_mariadb(domain, server_id, number, latest.gtids)
    return _before_mysql(transaction, latest.gtids)


def _before_mariadb(domain: int, server: int, number: int, gtids: str) -> Position:
    known = MariadbGtids.parse(gtids)
    if number < 2:
        return Position()
    known.add(domain, f"{domain}-{server}-{number - 1}")
    return Position(gtids=str(known))


def _before_mysql(transaction: str, gtids: str) -> Position | None:
    uuid, _, rest = transaction.partition(":")
    tag, _, number = rest.rpartition(":")
    if not number.isdigit() or len(uuid) != _UUID:
        return None
    later = f"{uuid}:{tag + ':' if tag else ''}{number}-{2**62}"
    return Position(gtids=str(MysqlGtids.parse(gtids).minus(MysqlGtids.parse(later))))
