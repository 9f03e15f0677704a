"""The binlog files of a server: where they begin and end, and why each was begun."""

from bisect import bisect_left
from collections.abc import Callable, Generator
from contextlib import closing
from typing import NamedTuple

from shared.adapters.binlog import server_status as facts
from shared.adapters.binlog.format_description import is_of_start
from shared.adapters.binlog.gtid import MysqlGtids
from shared.adapters.binlog.kinds import FORMAT_DESCRIPTION, PREVIOUS_GTIDS
from shared.adapters.binlog.packets import RawEvent
from shared.adapters.binlog.replication_connection import Session
from shared.values.position import Position
from shared.values.source_endpoint import SourceEndpoint


class _Head(NamedTuple):
    """How a file begins.

    created: when it was begun, Unix seconds.
    by_start: whether because the server was started.
    gtids: MySQL's GTIDs before it.
    """

    created: int
    by_start: bool
    gtids: str = ""


class BinlogFiles:
    """The files of the server at `endpoint`; `raw` gives the events from a place on.

    See `contract.Binlog` for the methods.
    """

    def __init__(
        self,
        endpoint: SourceEndpoint,
        raw: Callable[[Position], Generator[RawEvent | None, None, None]],
    ) -> None:
        self._endpoint, self._raw = endpoint, raw

    def earliest(self) -> Position:
        with closing(Session(self._endpoint)) as session:
            facts.require_binlog(session, self._endpoint)
            return Position(file=str(session.query("SHOW BINARY LOGS")[0][0]), offset=4)

    def latest(self) -> Position:
        with closing(Session(self._endpoint)) as session:
            facts.require_binlog(session, self._endpoint)
            return facts.latest(session)

    def intact(self, position: Position) -> Position | None:
        if not position.file:
            return position
        with closing(Session(self._endpoint)) as session:
            facts.require_binlog(session, self._endpoint)
            sizes = {str(row[0]): int(row[1]) for row in session.query("SHOW BINARY LOGS")}
            files = list(sizes)
            base, _, number = position.file.rpartition(".")
            if base != files[0].rpartition(".")[0] or int(number) < int(
                files[0].rpartition(".")[2]
            ):
                return position
            if position.file not in sizes or position.created not in (
                0,
                self._head(position.file).created,
            ):
                return None
            size = sizes[position.file]
            if position.offset <= size:
                return position
            if session.is_mariadb:
                gtids = session.scalar("SELECT BINLOG_GTID_POS(%s, %s)", position.file, size) or ""
            else:
                after = files[files.index(position.file) + 1 :]
                gtids = self._head(after[0]).gtids if after else facts.latest(session).gtids
            return Position(position.file, size, gtids, position.created)

    def last_start(self) -> Position:
        with closing(Session(self._endpoint)) as session:
            facts.require_binlog(session, self._endpoint)
            started = facts.started(session)
            files = [str(row[0]) for row in session.query("SHOW BINARY LOGS")]
        for file in files[bisect_left(files, started, key=lambda file: self._head(file).created) :]:
            head = self._head(file)
            if head.by_start:
                return Position(file, 4)
            # In the very second of the start it may be one that was rotated to just before.
            if head.created > started:
                break
        return Position()

    def next_start(self, position: Position) -> Position | None:
        with closing(Session(self._endpoint)) as session:
            facts.require_binlog(session, self._endpoint)
            files = [str(row[0]) for row in session.query("SHOW BINARY LOGS")]
        behind = files[files.index(position.file) + 1 :] if position.file in files else []
        return next((Position(file, 4) for file in behind if self._head(file).by_start), None)

    def _head(self, file: str) -> _Head:
        head = _Head(0, False)
        with closing(self._raw(Position(file, 4))) as events:
            for event in filter(None, events):
                if event[0] == FORMAT_DESCRIPTION:
                    head = _Head(event[1], is_of_start(event[6][event[7] : event[8]]))
                elif event[0] == PREVIOUS_GTIDS:
                    return head._replace(
                        gtids=str(MysqlGtids.decode(event[6][event[7] : event[8]]))
                    )
                elif head.created:
                    break
        return head
