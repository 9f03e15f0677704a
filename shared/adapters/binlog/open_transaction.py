"""The transaction under way: where it begins, who it is, and what of it was yielded."""

import time
from collections.abc import Iterator

from shared.adapters.binlog.binlog_place import BinlogPlace, whole
from shared.adapters.binlog.broken_connection import Cut
from shared.adapters.binlog.contract import Begin, Commit, Event, Heartbeat
from shared.adapters.binlog.gtid_events import MariadbGtid, MysqlGtid
from shared.adapters.binlog.packets import RawEvent
from shared.adapters.binlog.rollbacks import Rollbacks
from shared.adapters.binlog.row_decoder import RowDecoder
from shared.values.errors import SourceError
from shared.values.position import Position

_QUIET_SECONDS = 0.5


class OpenTransaction:
    """The state of one transaction after the other, as the events of a connection come.

    `open`: inside one. `inside`: it ends with a COMMIT of its own, not with one statement.
    `hidden`: it is being prepared, its rows count later; `captured`: some of these are captured.
    `begin`: its Begin, once that was yielded. `begin_offset`: where it begins in the file.
    `tables`: its table maps by table id. `count`: its row events so far. `truncated`: its Truncated
    that were yielded. `rollbacks`: which row events were rolled back, None where none was. `vain`:
    its statement only starts here, or was rolled back.
    """

    def __init__(self, place: BinlogPlace, server: str) -> None:
        self.place, self._server = place, server
        self.open = self.inside = self.hidden = self.captured = False
        self.begin: Begin | None = None
        self.begin_offset = 0
        self.ts_ms = 0
        self.tables: dict[bytes, RowDecoder] = {}
        self.count = 0
        self.truncated = 0
        self.rollbacks: Rollbacks | None = None
        self.vain = False
        self._gtid: MysqlGtid | MariadbGtid | None = None
        self._last_heartbeat = time.monotonic()
        self._fresh = False  # something was yielded since the last heartbeat

    def start(
        self, size: int, log_pos: int, ts_ms: int, gtid: MysqlGtid | MariadbGtid | None
    ) -> None:
        """Start it with the event of `size` bytes that ends at `log_pos`."""
        self.place.move(log_pos)
        self.begin_offset = self.place.offset - size
        if self.begin is not None:
            raise self.strange("a transaction has no end, and rows of it were read")
        self.open, self.inside, self.hidden, self.captured = True, False, False, False
        self.tables.clear()
        self.count, self.truncated, self.ts_ms, self._gtid = 0, 0, ts_ms, gtid
        self.vain = False

    def place_of(self, first: RawEvent) -> tuple[str, int]:
        """The file, and the place in it, of a transaction whose first event comes next."""
        return self.place.file, whole(self.place.offset, first[4]) - first[3]

    def begun(self) -> Iterator[Begin]:
        """Its Begin, unless that was yielded already."""
        if self.begin is None:
            position = self.place.at(self.begin_offset)
            gtid = str(self._gtid) if self._gtid else ""
            name = gtid or f"{self._server}:{position.file}:{position.offset}"
            self._fresh = True
            self.begin = Begin(f"{name}@{self.ts_ms}", gtid, position, self.ts_ms)
            yield self.begin

    def end(self, log_pos: int) -> Iterator[Event]:
        """Complete it; returns its Commit, if its Begin was yielded."""
        self.place.move(log_pos)
        self.place.add(self._gtid)
        self.open, self.hidden, self._gtid = False, False, None
        if self.begin is not None:
            self.begin = None
            yield Commit(self.place.at(self.place.offset), self.ts_ms)
        else:
            yield from self.if_quiet()

    def cut(self) -> Cut | None:
        """How far it was yielded."""
        return Cut(self.begin, self.count, self.truncated) if self.begin else None

    def resume(self) -> Position:
        """Where another connection continues: at its start, or behind the last one."""
        return self.place.at(self.begin_offset if self.open else self.place.offset)

    def wants_heartbeat(self) -> bool:
        """Whether a pause of the server is worth a Heartbeat: the reader learns that it has
        everything.
        """
        return self._fresh or self._is_quiet()

    def if_quiet(self) -> Iterator[Heartbeat]:
        """A Heartbeat when nothing was yielded for a while: there is traffic, but none of it is
        captured.
        """
        if self._is_quiet():
            yield self.heartbeat()

    def heartbeat(self) -> Heartbeat:
        """A Heartbeat for the place where the reading is."""
        self._last_heartbeat, self._fresh = time.monotonic(), False
        return Heartbeat(self.resume(), self.ts_ms)

    def strange(self, what: str, hint: str = "Report it with the server's version.") -> SourceError:
        """The error for something in it that is not understood."""
        return SourceError(
            f"{what}.", thing=f"binlog at {self.place.file}:{self.begin_offset}", hint=hint
        )

    def _is_quiet(self) -> bool:
        return time.monotonic() - self._last_heartbeat > _QUIET_SECONDS
