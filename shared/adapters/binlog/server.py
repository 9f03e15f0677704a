"""The binlog of a real server: the contract, over connections that break now and then."""

import logging
import random
import threading
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import NamedTuple

from tenacity import (
    Retrying,
    retry_if_exception,
    sleep_using_event,
    stop_after_delay,
    stop_when_event_set,
    wait_random_exponential,
)

from shared.adapters.binlog import xa
from shared.adapters.binlog.catalog import ServerCatalog
from shared.adapters.binlog.contract import Event, is_another_start
from shared.adapters.binlog.executed import Executed, MariadbExecuted, MysqlExecuted
from shared.adapters.binlog.gtid import MariadbGtids, MysqlGtids
from shared.adapters.binlog.kinds import FORMAT_DESCRIPTION, PREVIOUS_GTIDS
from shared.adapters.binlog.packets import Event as Raw
from shared.adapters.binlog.packets import Packets
from shared.adapters.binlog.place import Place
from shared.adapters.binlog.refusals import ServerIdTaken, refusal
from shared.adapters.binlog.row_decoder import RowDecoders
from shared.adapters.binlog.session import Session
from shared.adapters.binlog.transactions import Cut, Transactions
from shared.values.endpoint import SourceEndpoint
from shared.values.errors import PositionLost, SourceError, SourceUnavailable
from shared.values.position import Position
from shared.values.table_pattern import TablePatterns

_BREAKS = 6
_TRIES = 5
_START = 52
"""In a format description: when the server began the file because it was started, 0 in files that
it rotated to. Source: MySQL source documentation, "Format_description_event".
"""

_SECOND_READER = 1 << 30  # what tells the server_id of a second connection from that of the first
_CHOSEN = 1 << 29  # server_ids chosen by chance lie from here on
_log = logging.getLogger(__name__)
_NO_BINLOG = (
    "Switch it on: log_bin (on RDS and Aurora: a backup retention above 0, "
    "binlog_format = ROW in the parameter group)."
)


class _OtherServer(SourceUnavailable):
    """No use in trying again."""


class _Head(NamedTuple):
    """How a file begins: when it was begun (Unix seconds), whether because the server was started,
    and MySQL's GTIDs before it.
    """

    created: int
    by_start: bool
    gtids: str = ""


class ServerBinlog:
    """Reads one server. `server_id` names this reader among the server's replicas: two readers with
    one id cut each other off, so one that is cut off for that reason takes another.

    `dropped` names columns of a table that are read over and appear nowhere. A broken connection is
    made anew for `give_up_seconds`.
    """

    def __init__(
        self,
        endpoint: SourceEndpoint,
        capture: TablePatterns,
        server_id: int,
        dropped: Callable[[str, str], frozenset[str]] = lambda database, table: frozenset(),
        give_up_seconds: float = 60.0,
    ) -> None:
        self._endpoint, self._capture, self._server_id, self._dropped = (
            endpoint,
            capture,
            server_id,
            dropped,
        )
        self._closed = threading.Event()
        self._session: Session | None = None
        self._catalog = ServerCatalog(endpoint)
        self._reconnect = Retrying(
            retry=retry_if_exception(
                lambda error: (
                    isinstance(error, SourceUnavailable) and not isinstance(error, _OtherServer)
                )
            ),
            wait=wait_random_exponential(multiplier=0.1, max=5),
            stop=stop_after_delay(give_up_seconds) | stop_when_event_set(self._closed),
            sleep=sleep_using_event(self._closed),
            reraise=True,
        )

    def identity(self) -> str:
        with closing(Session(self._endpoint)) as session:
            return _identity(session)

    def started(self) -> int:
        with closing(Session(self._endpoint)) as session:
            return _started(session)

    def earliest(self) -> Position:
        with closing(Session(self._endpoint)) as session:
            _require_binlog(session, self._endpoint)
            return Position(file=str(session.query("SHOW BINARY LOGS")[0][0]), offset=4)

    def latest(self) -> Position:
        with closing(Session(self._endpoint)) as session:
            _require_binlog(session, self._endpoint)
            return _latest(session)

    def executed(self, at: Position | None = None) -> Executed:
        with closing(Session(self._endpoint)) as session:
            if not session.is_mariadb:
                return MysqlExecuted(at.gtids if at else _latest(session).gtids)
            if at:
                return MariadbExecuted(at.gtids, linear=True)
            ((written, replicated),) = session.query(
                "SELECT @@global.gtid_binlog_state, @@global.gtid_slave_pos"
            )
            return MariadbExecuted(",".join(filter(None, (written, replicated))))

    def intact(self, position: Position) -> Position | None:
        if not position.file:
            return position
        with closing(Session(self._endpoint)) as session:
            _require_binlog(session, self._endpoint)
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
                gtids = self._head(after[0]).gtids if after else _latest(session).gtids
            return Position(position.file, size, gtids, position.created)

    def last_start(self) -> Position:
        with closing(Session(self._endpoint)) as session:
            _require_binlog(session, self._endpoint)
            started = _started(session)
            files = [str(row[0]) for row in session.query("SHOW BINARY LOGS")]
        for file in files[bisect_left(files, started, key=lambda file: self._head(file).created) :]:
            head = self._head(file)
            if head.by_start:
                return Position(file, 4)
            if (
                head.created > started
            ):  # in the very second it may be one that was rotated to just before
                break
        return Position()

    def next_start(self, position: Position) -> Position | None:
        with closing(Session(self._endpoint)) as session:
            _require_binlog(session, self._endpoint)
            files = [str(row[0]) for row in session.query("SHOW BINARY LOGS")]
        behind = files[files.index(position.file) + 1 :] if position.file in files else []
        return next((Position(file, 4) for file in behind if self._head(file).by_start), None)

    def read(
        self, start: Position, *, until: Position | None = None, through_restarts: bool = False
    ) -> Iterator[Event]:
        """See the contract. When the connection breaks it is made anew and reading goes on at the
        exact row: a transaction that was cut is read again from its Begin, and what was yielded of
        it is read over. Should another server answer then, SourceUnavailable leaves the next step
        to the caller.
        """
        server, started, breaks = "", 0, 0
        prepared = xa.Prepared(self._rows_at, self._find)
        cut: Cut | None = None
        while True:
            if server:
                session, started = self._reconnect(
                    self._again, server, started, start if through_restarts else None
                )
            else:
                session = Session(self._endpoint)
                _require_binlog(session, self._endpoint)
                server, started = _identity(session), _started(session)
            self._session = session
            transactions = self._over(session, server, prepared, start, until, cut)
            packets = Packets(
                session.dump(start, self._server_id),
                lambda packet: refusal(packet, self._endpoint),
                str(self._endpoint),
            )
            try:
                yield from transactions.read(packets.events())
                return
            except SourceUnavailable as error:
                breaks = 1 if transactions.resume() != start else breaks + 1
                if self._closed.is_set() or breaks > _BREAKS:
                    raise
                if isinstance(error, ServerIdTaken):
                    self._server_id = _CHOSEN | random.getrandbits(28)
                start, cut = transactions.resume(), transactions.cut()
                _log.warning("the binlog connection broke; reading on from %s: %s", start, error)
                self._closed.wait(0.1 * 2**breaks if breaks > 1 else 0)
            finally:
                session.close()

    def close(self) -> None:
        self._closed.set()
        if self._session:
            self._session.close()

    def _over(
        self,
        session: Session,
        server: str,
        prepared: xa.Prepared,
        start: Position,
        until: Position | None,
        cut: Cut | None,
    ) -> Transactions:
        """The state of reading over one connection."""
        place = Place(start, _gtids_at(session, start))
        decoders = RowDecoders(
            self._capture, self._catalog, self._dropped, mariadb=session.is_mariadb
        )
        return Transactions(place, decoders, self._capture, server, prepared, until=until, cut=cut)

    def _rows_at(self, place: xa.Place) -> Iterator[Raw]:
        file, offset = place
        near = offset < 1 << 32  # not every server can be asked for a place beyond
        with closing(self._raw(Position(file, offset if near else 4))) as events:
            yield from xa.rows(events if near else xa.from_offset(events, offset))

    def _find(self, name: xa.Xid, before: xa.Place) -> xa.Place:
        """Where it was prepared. Most are committed soon: the newest file is looked at first."""
        with closing(Session(self._endpoint)) as session:
            files = [str(row[0]) for row in session.query("SHOW BINARY LOGS")]
        for file in reversed(files[: files.index(before[0]) + 1]):
            with closing(self._raw(Position(file, 4))) as events:
                found = xa.find(events, name, before)
            if found:
                return found
        raise PositionLost(
            f"an XA transaction was committed at {before[0]}:{before[1]} that was prepared "
            "before the oldest binlog.",
            thing=str(self._endpoint),
            hint=(
                "Its rows cannot be read any more. Start at latest and backfill, and commit "
                "prepared transactions sooner (XA RECOVER lists them)."
            ),
        )

    def _head(self, file: str) -> _Head:
        head = _Head(0, False)
        with closing(self._raw(Position(file, 4))) as events:
            for event in filter(None, events):
                if event[0] == FORMAT_DESCRIPTION:
                    head = _Head(event[1], any(event[6][event[7] + _START : event[7] + _START + 4]))
                elif event[0] == PREVIOUS_GTIDS:
                    return head._replace(
                        gtids=str(MysqlGtids.decode(event[6][event[7] : event[8]]))
                    )
                elif head.created:
                    break
        return head

    def _raw(self, start: Position) -> Generator[Raw | None, None, None]:
        """Events from a file and offset on, over a connection of their own, which needs a server_id
        of its own.
        """
        with closing(Session(self._endpoint)) as session:
            socket = session.dump(start, self._server_id ^ _SECOND_READER)
            yield from Packets(
                socket, lambda packet: refusal(packet, self._endpoint), str(self._endpoint)
            ).events()

    def _again(self, server: str, started: int, intact: Position | None) -> tuple[Session, int]:
        """A connection to the same server, and when that was started: the same time, or another
        where its binlog is `intact` up to there.
        """
        session = Session(self._endpoint)
        try:
            _require_binlog(session, self._endpoint)
            identity, since = _identity(session), _started(session)
            if identity != server:
                raise self._other(f"another server answers now: {identity} instead of {server}.")
            if is_another_start(since, started) and (
                intact is None or self.intact(intact) != intact
            ):
                raise self._other("the server was started again.")
        except BaseException:
            session.close()
            raise
        return session, since

    def _other(self, what: str) -> "_OtherServer":
        return _OtherServer(
            what, thing=str(self._endpoint), hint="Start reading again: it may lack what was read."
        )


def _identity(session: Session) -> str:
    if session.is_mariadb:
        return f"mariadb-{session.scalar('SELECT @@global.server_id')}"
    return str(session.scalar("SELECT @@global.server_uuid"))


def _started(session: Session) -> int:
    """Exact where the answers come within a second: the server counts its up time from the second
    in which it is asked.
    """
    for _ in range(_TRIES):
        second = int(session.scalar("SELECT UNIX_TIMESTAMP()"))
        ((_, uptime),) = session.query("SHOW GLOBAL STATUS LIKE 'Uptime'")
        if int(session.scalar("SELECT UNIX_TIMESTAMP()")) == second:
            break
    return second - int(uptime)


def _require_binlog(session: Session, endpoint: SourceEndpoint) -> None:
    if not int(session.scalar("SELECT @@global.log_bin")):
        raise SourceError("the server writes no binlog.", thing=str(endpoint), hint=_NO_BINLOG)


def _latest(session: Session) -> Position:
    if session.is_mariadb:
        file, offset, *_ = session.query("SHOW MASTER STATUS")[0]
        return Position(
            file=file,
            offset=int(offset),
            gtids=session.scalar("SELECT BINLOG_GTID_POS(%s, %s)", file, offset) or "",
        )
    new = tuple(map(int, session.version.split("-")[0].split(".")[:2])) >= (8, 2)
    file, offset, _, _, gtids = session.query(
        "SHOW BINARY LOG STATUS" if new else "SHOW MASTER STATUS"
    )[0]
    return Position(file=file, offset=int(offset), gtids="".join(gtids.split()))


def _gtids_at(session: Session, start: Position) -> MysqlGtids | MariadbGtids | None:
    """The transactions before `start`. MySQL cannot tell them for a file and offset; its next file
    will.
    """
    if session.is_mariadb:
        return MariadbGtids.parse(
            start.gtids
            or session.scalar("SELECT BINLOG_GTID_POS(%s, %s)", start.file, start.offset)
            or ""
        )
    return MysqlGtids.parse(start.gtids) if start.gtids else None
