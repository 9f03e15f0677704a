"""The binlog of a real server: the contract, over connections that break now and then."""

import logging
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

from tenacity import (
    Retrying,
    retry_if_exception,
    sleep_using_event,
    stop_after_delay,
    stop_when_event_set,
    wait_random_exponential,
)

from shared.adapters.binlog import server_status as facts
from shared.adapters.binlog import xa
from shared.adapters.binlog.binlog_files import BinlogFiles
from shared.adapters.binlog.binlog_place import BinlogPlace
from shared.adapters.binlog.broken_connection import Cut
from shared.adapters.binlog.contract import Event, is_another_start
from shared.adapters.binlog.executed import Executed, MariadbExecuted, MysqlExecuted
from shared.adapters.binlog.known_tables import KnownTables
from shared.adapters.binlog.packets import Packets
from shared.adapters.binlog.replication_connection import Session
from shared.adapters.binlog.row_decoder import RowDecoders
from shared.adapters.binlog.server_catalog import ServerCatalog
from shared.adapters.binlog.server_errors import ServerIdTaken, refusal
from shared.adapters.binlog.server_tables import ServerTables
from shared.adapters.binlog.side_reading import SideReading
from shared.adapters.binlog.statement_effects import Effects
from shared.adapters.binlog.statement_reader import StatementReader
from shared.adapters.binlog.transactions import Transactions
from shared.values.errors import ConfigError, SourceUnavailable
from shared.values.position import Position
from shared.values.source_endpoint import SourceEndpoint
from shared.values.table_pattern import TablePatterns

_BREAKS = 6
_CHOSEN = 1 << 29  # server_ids chosen by chance lie from here on
_log = logging.getLogger(__name__)


class _OtherServer(SourceUnavailable):
    """No use in trying again."""


class ServerBinlog:
    """The binlog of one server.

    server_id: names this reader among the server's replicas. Two readers with one id cut each other
        off, so a reader that is cut off for that reason takes another.
    dropped: the columns of a table that are skipped and appear nowhere.
    give_up_seconds: for how long a broken connection is opened again.
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
        self._tables = KnownTables(capture, ServerTables(endpoint))
        self._side = SideReading(endpoint)
        self._files = BinlogFiles(endpoint, self._side.events)
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
            return facts.identity(session)

    def started(self) -> int:
        with closing(Session(self._endpoint)) as session:
            return facts.started(session)

    def earliest(self) -> Position:
        return self._files.earliest()

    def latest(self) -> Position:
        return self._files.latest()

    def intact(self, position: Position) -> Position | None:
        return self._files.intact(position)

    def last_start(self) -> Position:
        return self._files.last_start()

    def next_start(self, position: Position) -> Position | None:
        return self._files.next_start(position)

    def executed(self, at: Position | None = None) -> Executed:
        with closing(Session(self._endpoint)) as session:
            if not session.is_mariadb:
                return MysqlExecuted(at.gtids if at else facts.latest(session).gtids)
            if at:
                return MariadbExecuted(at.gtids, linear=True)
            ((written, replicated),) = session.query(
                "SELECT @@global.gtid_binlog_state, @@global.gtid_slave_pos"
            )
            return MariadbExecuted(",".join(filter(None, (written, replicated))))

    def read(
        self, start: Position, *, until: Position | None = None, through_restarts: bool = False
    ) -> Iterator[Event]:
        """See the contract.

        A broken connection is opened again, and reading continues at the exact row: a transaction
        that was cut is read again from its Begin, and the part that was yielded is skipped. When
        another server answers, SourceUnavailable leaves the next step to the caller.
        """
        server, started, breaks = "", 0, 0
        prepared = xa.PreparedTransaction(self._side.rows_at, self._side.find)
        cut: Cut | None = None
        while True:
            if server:
                session, started = self._reconnect(
                    self._again, server, started, start if through_restarts else None
                )
            else:
                session = Session(self._endpoint)
                facts.require_binlog(session, self._endpoint)
                server, started = facts.identity(session), facts.started(session)
                facts.require_logged(session, self._capture, self._endpoint)
                self._require_stored_names()
                if self._capture.is_open():
                    self._tables.look()
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
        prepared: xa.PreparedTransaction,
        start: Position,
        until: Position | None,
        cut: Cut | None,
    ) -> Transactions:
        """The state of reading over one connection."""
        place = BinlogPlace(start, facts.gtids_at(session, start))
        mariadb = session.is_mariadb
        decoders = RowDecoders(
            self._capture, self._catalog, self._tables, self._dropped, mariadb=mariadb
        )
        return Transactions(
            place,
            decoders,
            self._tables,
            StatementReader(self._catalog.charsets, self._tables, mariadb=mariadb),
            Effects(self._capture, self._tables, mariadb=mariadb),
            server,
            prepared,
            scan=self._side.rollbacks_at,
            until=until,
            cut=cut,
        )

    def _require_stored_names(self) -> None:
        """Raises ConfigError for a name that the server would never write like that."""
        for name in self._capture.named:
            stored = tuple(map(self._tables.catalog.fold, name))
            if stored != name:
                raise ConfigError(
                    "is no name that this server has: it keeps names in lower case "
                    "(lower_case_table_names).",
                    thing=f"table {'.'.join(name)}",
                    hint=f"Write {'.'.join(stored)}.",
                )

    def _again(self, server: str, started: int, intact: Position | None) -> tuple[Session, int]:
        """A connection to the same server, and when that was started.

        The same time, or another one where the server's binlog is `intact` up to there.
        """
        session = Session(self._endpoint)
        try:
            facts.require_binlog(session, self._endpoint)
            identity, since = facts.identity(session), facts.started(session)
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
