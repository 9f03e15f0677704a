"""Connecting: how a relay connects to its source, and what it examines before."""

import zlib
from collections.abc import Callable, Mapping

from shared.adapters.binlog import open_binlog
from shared.adapters.binlog.contract import Binlog
from shared.adapters.database.contract import Database
from shared.adapters.database.sql import SqlDatabase
from shared.domain.preflight import check_source, refused_tables, require
from shared.flows.relay.capture.admission import Preflight
from shared.values.finding import Finding
from shared.values.settings import SourceSettings, TableSettings, table_settings
from shared.values.source_endpoint import SourceEndpoint

SLOTS = 16
GIVE_UP_SECONDS = 5.0
"""The reader repairs a shorter break of the connection by itself. The relay reports a longer one in
its status.
"""


def server_id(scope: str, token: int) -> int:
    """The server_id of the holder with this fencing token, in 2,147,483,648 … 3,221,225,471.

    Nobody gives such ids to replicas by hand. The server drops the older of two connections with
    one server_id, and a new holder connects while the old one may still be reading: so they differ.
    `scope` tells the relays of several stages, and several relays of a stage, on one source apart.
    Should two of them meet in 67 million, the reader that is cut off takes another id. Source:
    MySQL reference manual, "server_id" and error 1236.
    """
    return 1 << 31 | (zlib.crc32(scope.encode()) & 0x3FFFFFF) * SLOTS | token % SLOTS


def opener(
    endpoint: Callable[[], SourceEndpoint], scope: str
) -> Callable[[Mapping[str, TableSettings], int], Binlog]:
    """`RelaySetup.open_binlog` for the server at `endpoint`.

    The endpoint is asked for again at each connection: a secret may have been rotated.
    """

    def connect(tables: Mapping[str, TableSettings], token: int) -> Binlog:
        def dropped(database: str, table: str) -> frozenset[str]:
            return table_settings(tables, f"{database}.{table}").unread

        return open_binlog(
            endpoint(),
            list(tables),
            server_id(scope, token),
            dropped=dropped,
            give_up_seconds=GIVE_UP_SECONDS,
        )

    return connect


def database(endpoint: Callable[[], SourceEndpoint]) -> Callable[[], Database]:
    """`RelaySetup.open_database` for the server at `endpoint`."""
    return lambda: SqlDatabase(endpoint())


def preflight(endpoint: Callable[[], SourceEndpoint], source: SourceSettings) -> Preflight:
    """`RelaySetup.preflight`: a dozen statements, 10 to 50 ms for a hundred tables."""

    def check(begun: bool) -> dict[str, Finding]:
        opened = SqlDatabase(endpoint())
        try:
            findings = check_source(opened, source)
        finally:
            opened.close()
        require([finding for finding in findings if not finding.table], begun=begun)
        return refused_tables(findings)

    return check
