"""A connection to the source.

Logging in, asking a few questions, and the command after which the server sends its binlog.
"""

import contextlib
import socket
import ssl
import struct
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pymysql

from shared.adapters.binlog.gtid import MariadbGtids, MysqlGtids
from shared.adapters.binlog.server_errors import translated
from shared.adapters.refused_login import refused_login
from shared.adapters.source_tls import TLS_HINT, tls_options
from shared.values.errors import SourceError, SourceUnavailable
from shared.values.position import Position
from shared.values.source_endpoint import SourceEndpoint

HEARTBEAT_SECONDS = 0.5
"""How often an idle server reports, so that lag stays known and a dead connection shows."""
_SILENCE_SECONDS = 15.0
"""No packet for this long (30 heartbeats): the connection is dead, whatever TCP says."""
_COM_BINLOG_DUMP = 0x12
_COM_BINLOG_DUMP_GTID = 0x1E
_THROUGH_GTID = 4


class Session:
    """One connection. Raises SourceUnavailable for what may pass, SourceError for what will not."""

    def __init__(self, endpoint: SourceEndpoint) -> None:
        self._endpoint, self._cut = endpoint, False
        try:
            self._connection = pymysql.connect(
                host=endpoint.host,
                port=endpoint.port,
                user=endpoint.user,
                password=endpoint.password.encode(),
                charset="utf8mb4",
                autocommit=True,
                connect_timeout=10,
                read_timeout=_SILENCE_SECONDS,
                write_timeout=_SILENCE_SECONDS,
                # the server's own default may cut off the answers to questions
                init_command="SET SESSION sql_select_limit = 18446744073709551615",
                **tls_options(endpoint),
            )
        except (pymysql.err.MySQLError, RuntimeError) as error:
            raise refused_login(error, endpoint) or translated(error, endpoint) from None
        except ssl.SSLError as error:
            raise SourceError(f"TLS fails: {error}.", thing=str(endpoint), hint=TLS_HINT) from None
        self.version = str(self._connection.get_server_info())  # type: ignore[no-untyped-call]
        self.is_mariadb = "MariaDB" in self.version

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of one statement."""
        with self._asking(), self._connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return list(cursor.fetchall())

    def scalar(self, sql: str, *parameters: Any) -> Any:
        """The first value of the first row; None when there is no row."""
        rows = self.query(sql, *parameters)
        return rows[0][0] if rows else None

    def dump(
        self, start: Position, server_id: int, heartbeat_seconds: float = HEARTBEAT_SECONDS
    ) -> Any:
        """Ask for the binlog from `start` on; returns the socket on which it comes.

        By GTIDs when `start` has them (they hold on every server of the topology), else by file and
        offset. Source: MySQL internals manual, "COM_BINLOG_DUMP_GTID"; MariaDB knowledge base,
        "5-Slave Registration".
        """
        period = int(heartbeat_seconds * 1e9)
        self.query(f"SET @master_heartbeat_period = {period}, @source_heartbeat_period = {period}")
        self.query("SET @master_binlog_checksum = 'CRC32', @source_binlog_checksum = 'CRC32'")
        if self.is_mariadb:
            self.query("SET @mariadb_slave_capability = 4")
            if start.gtids:
                state = str(MariadbGtids.parse(start.gtids))
                self.query("SET @slave_connect_state = %s", state)
                self.query("SET @slave_gtid_strict_mode = 1")
                self.query("SET @slave_gtid_ignore_duplicates = 0")
                start = Position(
                    start.file
                )  # the offset no longer matters, and may be too large for the command
            elif start.offset >= 1 << 32:
                raise SourceError(
                    "MariaDB cannot be asked for a place beyond 4 GB in a file.",
                    thing=f"position {start}",
                    hint="Start at its GTID, or at the next file.",
                )
            self._command(
                _COM_BINLOG_DUMP,
                struct.pack("<IHI", start.offset or 4, 0, server_id) + start.file.encode(),
            )
            return self._socket()
        # a replica's uuid tells connections of one server_id apart: without it MySQL ends the older
        # one only by server_id
        self.query("SET @slave_uuid = %s, @replica_uuid = %s", *[str(UUID(int=server_id))] * 2)
        if start.gtids and (not start.file or self._has_gtids()):
            state_bytes = MysqlGtids.parse(start.gtids).encode()
            self._command(
                _COM_BINLOG_DUMP_GTID,
                struct.pack("<HIIQI", _THROUGH_GTID, server_id, 0, 4, len(state_bytes))
                + state_bytes,
            )
        elif start.offset < 1 << 32:
            self._command(
                _COM_BINLOG_DUMP,
                struct.pack("<IHI", start.offset or 4, 0, server_id) + start.file.encode(),
            )
        else:
            # only this command takes an offset of 8 bytes; it wants gtid_mode ON, whatever it is
            # given
            name = start.file.encode()
            place = (
                struct.pack("<HII", 0, server_id, len(name))
                + name
                + struct.pack("<QI", start.offset, 8)
                + bytes(8)
            )
            self._command(_COM_BINLOG_DUMP_GTID, place)
        return self._socket()

    def _has_gtids(self) -> bool:
        """Whether this MySQL finds transactions by GTID: with gtid_mode ON, and in no other
        mode.
        """
        return str(self.scalar("SELECT @@global.gtid_mode")) == "ON"

    def _socket(self) -> Any:
        opened = self._connection._sock  # type: ignore[attr-defined]
        if opened is None:
            raise self._closed()
        return opened

    def _command(self, command: int, body: bytes) -> None:
        with self._asking():
            self._connection._execute_command(command, body)  # type: ignore[attr-defined]

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        """A conversation with the server; its errors become ours.

        PyMySQL fails with an AttributeError, or whatever its socket raises, when another thread
        closes the connection in the middle.
        """
        try:
            yield
        except Exception as error:
            if self._cut:
                raise self._closed() from None
            if isinstance(error, pymysql.err.MySQLError):
                raise translated(error, self._endpoint) from None
            raise

    def _closed(self) -> SourceUnavailable:
        return SourceUnavailable("the connection was closed.", thing=str(self._endpoint))

    def close(self) -> None:
        """Cut the connection; a read or question that waits in another thread ends."""
        self._cut = True
        with contextlib.suppress(OSError, AttributeError):
            self._connection._sock.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]
        self._connection._force_close()  # type: ignore[attr-defined]
