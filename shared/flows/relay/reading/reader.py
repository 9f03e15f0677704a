"""Reading: the relay's way through the binlog, one event a step.

What changes the numbering (a new epoch, a new capture configuration) is a *turn*: reading stops,
everything read is acknowledged, the turn is written into the checkpoint, and only then reading goes
on. A crash at any point finds either the old numbering or the new one.
"""

from collections.abc import Callable, Collection, Iterator, Mapping

import msgspec

from shared.adapters.binlog.contract import (
    Begin,
    Binlog,
    Commit,
    Event,
    Heartbeat,
    SchemaChanged,
    UnreadableRow,
    is_another_start,
)
from shared.adapters.database.contract import Database
from shared.domain.numbering import Numbered, Numbering
from shared.domain.packing import Packing
from shared.domain.server_identity import run_of
from shared.domain.table_plan import CannotNumber
from shared.flows.relay.failover import lost
from shared.flows.relay.failover.journal import Journal
from shared.flows.relay.failover.lost import Found
from shared.flows.relay.failover.rereading import Rereading
from shared.flows.relay.publishing.outbox import Outbox
from shared.flows.relay.sharing.handover import next_leg, on_another_server, take_over
from shared.flows.relay.sharing.share import Share
from shared.values.capture_configuration import ID_SCHEME, CaptureConfiguration, read_configuration
from shared.values.checkpoint import Checkpoint
from shared.values.errors import PositionLost
from shared.values.lineage import Lineage, ServerRun
from shared.values.position import Position
from shared.values.seq import next_epoch
from shared.values.settings import TableSettings
from shared.values.stream import relay_of, source_of

LOOK_SECONDS = 1.0
"""So often a relay that waits for a table looks whether it is free; one that waits for none, a
tenth as often.
"""

OpenBinlog = Callable[[Mapping[str, TableSettings]], Binlog]
"""Opens a connection to the source that reports rows of these tables (names or patterns → how they
are captured).
"""


def start_of(binlog: Binlog, start: str) -> Position:
    """Where `earliest`, `latest` or a position is on this server. Raises ConfigError,
    SourceError.
    """
    match start:
        case "earliest":
            return binlog.earliest()
        case "latest":
            return binlog.latest()
        case text:
            return Position.parse(text)


class Reading:
    """Steps of a relay's reader. `begin` is where it starts the first time: earliest, latest or a
    position.

    `share` says which tables may be captured; `succession(streams, now)` ends streams that hold
    some of them and that nobody reads any more. `save` stores a checkpoint durably and then makes
    it the outbox's; `now_ms` is the time (Unix ms) of the first epoch; `open_database`
    connects to the same server to read again what lost transactions touched; `note` is told of DDL.
    Not safe for threads but for `interrupt`.
    """

    def __init__(
        self,
        stream: str,
        share: Share,
        begin: str,
        outbox: Outbox,
        *,
        open_binlog: OpenBinlog,
        packing: Callable[[CaptureConfiguration], Packing],
        journal: Journal,
        open_database: Callable[[], Database],
        save: Callable[[Checkpoint], None],
        now_ms: Callable[[], int],
        mask_key: Callable[[], bytes] = bytes,
        note: Callable[[SchemaChanged, str], None] = lambda _change, _transaction: None,
        succession: Callable[[Collection[str], float], None] = lambda _streams, _now: None,
    ) -> None:
        self._stream, self._share, self._begin, self._outbox = stream, share, begin, outbox
        self._open_binlog, self._packing_of, self._save, self._mask_key, self._note = (
            open_binlog,
            packing,
            save,
            mask_key,
            note,
        )
        self._now_ms, self._succession = now_ms, succession
        self._journal, self._open_database = journal, open_database
        self._wanted, self._taken = share.wanted, share.taken
        self._look_at = 0.0
        self._binlog: Binlog | None = None
        self._events: Iterator[Event] | None = None
        self._turn: Callable[[], None] | None = None
        self._at_end: Callable[[], None] = (
            self._switch
        )  # the turn where everything is read that may have been numbered in the old way
        self._numbering = Numbering(source_of(stream), {})
        self._packing: Packing | None = None
        self._mending: Rereading | None = None
        self._begun = 0  # the epoch that was begun, and nothing read in it
        self.raise_epoch = 0  # set from outside: an epoch above this one is asked for

    def step(self, now: float) -> bool:
        """One step; False when the publishers must come on first. Raises SourceUnavailable and
        StateUnavailable (after `reset`, steps go on where they were), PositionLost, SourceError.
        """
        if self._turn:
            if not self._outbox.drained:
                return False
            self._turn()
            self.reset()
            return True
        if self._outbox.full:
            return False
        try:
            if self._events is None:
                self._open()
                return True
            self._take(next(self._events), now)
        except StopIteration:
            self._turn = self._at_end
        except PositionLost as error:  # who finds out knows why, but not of the way out
            way_out = (
                f"Start anew with `rowline source reset {relay_of(self._stream)}` and "
                "backfill the consumers."
            )
            raise PositionLost(
                error.what, thing=error.thing, hint=f"{way_out} {error.hint}".strip()
            ) from None
        except (UnreadableRow, CannotNumber):
            # No relay comes past this event under the old configuration: the wanted one applies
            # from its transaction on.
            point = self._outbox.resume()
            if self._capture == self._share.settled or (point and point.catch_up):
                raise
            self._turn = lambda: self._switch(renumber=True)
        return True

    def reset(self) -> None:
        """Close the connection; the next step opens it again and goes on at the exact row."""
        binlog, self._binlog, self._events, self._turn = self._binlog, None, None, None
        mending, self._mending = self._mending, None
        for each in (mending, binlog):
            if each:
                each.close()

    @property
    def connected(self) -> bool:
        """Whether the source answers."""
        return self._events is not None

    def interrupt(self) -> None:
        """From another thread: make a step that waits for the server end with SourceUnavailable."""
        binlog = self._binlog
        if binlog:
            binlog.close()

    def _open(self) -> None:
        point = self._outbox.resume()
        self._wanted, self._taken = self._share.look(point), self._share.taken
        self._capture = self._share.settled if point is None else read_configuration(point.capture)
        binlog = self._binlog = self._open_binlog(self._capture.tables)
        server, started = binlog.identity(), binlog.started()
        if point is None:
            point = self._first(binlog)
        restarted = is_another_start(started, point.lineage.started)
        found = lost.find(
            binlog,
            server,
            point,
            self._journal,
            self._capture.tables,
            self._stream,
            restarted=restarted,
        )
        answers = run_of(binlog) if found or restarted else None
        begun, self._begun = self._begun, 0
        # Corrections under way are no events: they cannot be read over. What is numbered with them
        # is given up with its epoch.
        again = point.is_rereading and begun != point.epoch
        until = None if self._capture == self._wanted else binlog.latest()
        if point.catch_up:
            until = point.catch_up.until
        self._at_end = self._switch
        if answers and not found:
            until, restarted = self._old_end(binlog, point, until, answers)
        if (
            found
            or again
            or restarted
            or self._capture.ids != ID_SCHEME
            or (self.raise_epoch >= point.epoch and point.rows == 0)
        ):
            self._turn = lambda: self._new_epoch(found, answers)
            return
        self._numbering = Numbering(
            source_of(self._stream),
            self._capture.tables,
            seq=point.seq,
            skip=point.rows,
            mask_key=self._mask_key(),
        )
        self._packing = self._packing_of(self._capture)
        self._journal.capture(server, self._capture.tables)
        if point.lost and point.is_rereading and until is None:
            rows = lost.rows_of(point.lost, self._journal)
            self._mending = Rereading(
                self._stream, point.lost, rows, self._capture, self._mask_key(), self._open_database
            )
        self._start = point.position
        self._events = binlog.read(point.position, until=until)

    def _old_end(
        self, binlog: Binlog, point: Checkpoint, until: Position | None, answers: ServerRun
    ) -> tuple[Position | None, bool]:
        """A new epoch begins where a server that was started again wrote on: what it lost of its
        last second in a crash had numbers that nobody knows. What it wrote before keeps its
        numbers, also what is read again. Returns where to read to, and whether the new epoch must
        begin here, because nobody can tell where the server wrote on.
        """
        end = binlog.next_start(max(point.position, point.lineage.wrote_on, key=Position.order))
        if end is None or (until and not until.file):
            return until, True
        if until and end.reaches(until):
            return until, False
        self._at_end = lambda: self._new_epoch(answers=answers)
        return end, False

    def _first(self, binlog: Binlog) -> Checkpoint:
        position = start_of(binlog, self._begin)
        epoch = next_epoch(self.raise_epoch, now_ms=self._now_ms())
        lineage = Lineage.begin(run_of(binlog))
        return self._go_on(Checkpoint.begin(position, epoch, lineage, self._capture.text()))

    def _take(self, event: Event, now: float) -> None:
        if isinstance(event, Begin):
            self._journal.begin(event)
        changes = self._numbering.take(event)
        if changes:
            self._journal.add(changes)
            if self._mending:
                self._mending.touch(changes)
            self._hand_over(changes, now)
        match event:
            case Commit():
                if self._numbering.skip and event.position != self._start:
                    raise PositionLost(
                        f"the transaction at {self._start} has fewer changes than were published "
                        "of it before.",
                        thing=f"stream {self._stream}",
                        hint=(
                            "The server was restored or its binlogs replaced. Start anew with "
                            "rowline source reset, and backfill the consumers."
                        ),
                    )
                self._outbox.boundary(event.position, event.ts_ms, committed=True)
                self._look_again(now)
                self._mend(event, now)
                self._renumber_if_asked()
            case Heartbeat():
                if not self._numbering.skip:
                    self._outbox.boundary(event.position, event.ts_ms, committed=False)
                    self._look_again(now)
                    self._mend(event, now)
                    self._renumber_if_asked()
            case SchemaChanged():
                self._note(event, self._numbering.transaction)

    def _look_again(self, now: float) -> None:
        """Tables that another relay of the source gave up meanwhile: reading is opened anew with
        them. So is what a process of another version may have claimed in this stream's name.
        """
        if self._share.alone or now < self._look_at:
            return
        self._look_at = now + (LOOK_SECONDS if self._share.waiting else LOOK_SECONDS * 10)
        self._succession(set(self._share.waiting.values()), now)
        if self._share.look(self._outbox.resume()) != self._wanted:
            self._turn = lambda: None

    def _hand_over(self, changes: list[Numbered], now: float) -> None:
        if self._packing:
            late = (self._now_ms() - changes[-1][2].ts_ms) / 1000
            self._outbox.add([self._packing.pack(each) for each in changes], now, late)

    def _mend(self, event: Commit | Heartbeat, now: float) -> None:
        """Say what can be said here of the rows that lost transactions touched."""
        mending, binlog = self._mending, self._binlog
        if mending is None or binlog is None:
            return
        while not self._outbox.full:
            said = mending.step(event.position, event.ts_ms, binlog.latest, self._numbering)
            if said is None:
                self._turn = self._mended
            elif said:
                self._hand_over(said, now)
                continue
            return

    def _mended(self) -> None:
        point, mending = self._point(), self._mending
        if point.lost is None or mending is None:
            raise RuntimeError("nothing was mended")
        done = lost.mended(self._stream, point.lost, mending.given, mending.verify)
        self._go_on(msgspec.structs.replace(point, seq=point.seq + point.rows, rows=0, lost=done))

    def _renumber_if_asked(self) -> None:
        point = self._outbox.resume()
        if point and self._turn is None and self.raise_epoch >= point.epoch and point.rows == 0:
            self._turn = self._new_epoch

    def _new_epoch(self, found: Found | None = None, answers: ServerRun | None = None) -> None:
        """Numbers begin again above all that were ever given. What is published of an unfinished
        transaction is published again under the new numbers.
        """
        point = self._point()
        epoch = next_epoch(point.epoch, self.raise_epoch)
        if found and answers:
            self._journal.keep()  # it belongs behind the cut
            known = lost.listed(
                found, answers.server, point.lost, self._journal, epoch, self._now_ms()
            )
            point = msgspec.structs.replace(
                point,
                position=found.position,
                lost=known,
                lineage=point.lineage.replaced(answers, self._journal.end(), found.agreed),
            )
            if point.catch_up:
                point = msgspec.structs.replace(point, catch_up=on_another_server(point.catch_up))
        elif answers:
            point = msgspec.structs.replace(point, lineage=point.lineage.restarted(answers))
        capture = CaptureConfiguration(read_configuration(point.capture).tables).text()
        self._go_on(msgspec.structs.replace(point.renumbered(epoch), capture=capture))
        self._begun = epoch

    def _switch(self, *, renumber: bool = False) -> None:
        """The wanted capture configuration applies from here. Where something behind here was
        numbered already, in a new epoch; what was taken over is read first.
        """
        before = self._point()
        if before.catch_up:
            self._go_on(next_leg(before))
            return
        wanted = self._share.settled if renumber else self._wanted
        point = msgspec.structs.replace(
            before, capture=wanted.text(), released=self._share.released(before, wanted)
        )
        if self._taken and not renumber:
            point = take_over(point, self._taken, self.raise_epoch)
        elif point.rows or renumber:
            epoch = next_epoch(point.epoch, self.raise_epoch)
            point = point.renumbered(epoch)
        self._go_on(point)

    def _point(self) -> Checkpoint:
        point = self._outbox.resume()
        if point is None:
            raise RuntimeError("nothing was read yet")
        return point

    def _go_on(self, point: Checkpoint) -> Checkpoint:
        self._save(point)
        return point
