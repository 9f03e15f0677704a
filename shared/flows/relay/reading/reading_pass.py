"""Reading pass: what is read over one connection, from the checkpoint to the turn that ends it."""

from collections.abc import Callable, Iterator

from shared.adapters.binlog.contract import Begin, Commit, Due, Event, Heartbeat, SchemaChanged
from shared.domain.change_encoding import ChangeEncoding
from shared.domain.hidden_columns_renamed import HiddenColumns
from shared.domain.numbering import Numbered, Numbering
from shared.flows.relay.failover.journal import Journal
from shared.flows.relay.failover.rereading_rows import Rereading
from shared.flows.relay.publishing.outbox import Outbox
from shared.values.errors import PositionLost
from shared.values.next_epoch import is_half_used
from shared.values.position import Position
from shared.values.seq import split_seq


class ReadingPass:
    """Events of one connection become changes: numbered, noted in the journal, packed, handed over.

    start: where reading began; a transaction of which a part is published begins there.
    hidden: examines statements on the columns of tables.
    rereading: rows of lost transactions, which are published along the way.
    latest: the end of the binlog now.
    note: is told of tables that are due, and the transaction, before the checkpoint can pass it.
    now_ms: the time, Unix ms.
    """

    def __init__(
        self,
        events: Iterator[Event],
        start: Position,
        numbering: Numbering,
        packing: ChangeEncoding,
        outbox: Outbox,
        journal: Journal,
        *,
        hidden: HiddenColumns,
        rereading: Rereading | None,
        latest: Callable[[], Position],
        note: Callable[[Due, str], None],
        now_ms: Callable[[], int],
    ) -> None:
        self._events, self._start, self._numbering, self._packing = (
            events,
            start,
            numbering,
            packing,
        )
        self._outbox, self._journal, self.rereading = outbox, journal, rereading
        self._hidden = hidden
        self._latest, self._note, self._now_ms = latest, note, now_ms

    def step(self, now: float) -> Commit | Heartbeat | None:
        """Take the next event; returns it when nothing of a transaction is left open behind it.

        Raises StopIteration at the end, PositionLost, SourceUnavailable, StateUnavailable,
        UnreadableRow, CannotNumber, other SourceErrors.
        """
        event = next(self._events)
        if isinstance(event, Begin):
            self._journal.begin(event)
        changes = self._numbering.take(event)
        if changes:
            self._journal.add(changes)
            if self.rereading:
                self.rereading.touch(changes)
            self._hand_over(changes, now)
        match event:
            case Commit() | Heartbeat():
                if not self._numbering.skip:
                    committed = isinstance(event, Commit)
                    self._outbox.boundary(event.position, event.ts_ms, committed=committed)
                    return event
                if isinstance(event, Commit) and event.position != self._start:
                    raise self._fewer_changes()
            case Due():
                self._note(event, self._numbering.transaction)
                self._hidden.replaced(event)
            case SchemaChanged():
                self._hidden.altered(event)
        return None

    @property
    def needs_epoch(self) -> bool:
        """Whether the numbers of the epoch come to their end."""
        return is_half_used(*split_seq(self._numbering.seq))

    def reread(self, here: Commit | Heartbeat, now: float) -> bool:
        """Publish what can be published here of lost transactions' rows; whether that was all."""
        while self.rereading and not self._outbox.full:
            said = self.rereading.step(here.position, here.ts_ms, self._latest, self._numbering)
            if said is None:
                return True
            if not said:
                break
            self._hand_over(said, now)
        return False

    def close(self) -> None:
        """End what was opened beside the binlog."""
        if self.rereading:
            self.rereading.close()

    def _hand_over(self, changes: list[Numbered], now: float) -> None:
        late = (self._now_ms() - changes[-1][2].ts_ms) / 1000
        self._outbox.add([self._packing.pack(each) for each in changes], now, late)

    def _fewer_changes(self) -> PositionLost:
        return PositionLost(
            f"the transaction at {self._start} has fewer changes than were published of it before.",
            hint="The server was restored or its binlogs were replaced.",
        )
