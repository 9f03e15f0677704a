"""Server errors: what a server answers instead of doing what it was asked."""

import struct

import pymysql
from pymysql.constants import CR, ER

from shared.adapters.refused_login import refused_login
from shared.adapters.source_tls import TLS_HINT
from shared.values.errors import PositionLost, SourceError, SourceUnavailable
from shared.values.source_endpoint import SourceEndpoint

_MASTER_FATAL_ERROR_READING_BINLOG = 1236
_SAME_SERVER_ID = 4052  # MariaDB: ER_SLAVE_SAME_ID; MySQL says it under 1236
_UNSEEN = {
    ER.DBACCESS_DENIED_ERROR,
    ER.TABLEACCESS_DENIED_ERROR,
    ER.COLUMNACCESS_DENIED_ERROR,
}
_TRANSIENT = {
    CR.CR_SERVER_LOST,
    CR.CR_SERVER_GONE_ERROR,
    CR.CR_CONN_HOST_ERROR,
    CR.CR_CONNECTION_ERROR,
    2055,
    1040,
    1053,
    1077,
    1079,
    1203,
    1927,
}


class ServerIdTaken(SourceUnavailable):
    """Another replica connected under the server_id of this one, which the server cut off for
    it.
    """


class AccessDenied(SourceError):
    """The account may not see what a query asks for."""


def refusal(packet: bytes, endpoint: SourceEndpoint) -> SourceError | SourceUnavailable:
    """The error for an ERR packet that came instead of an event."""
    (code,) = struct.unpack_from("<H", packet, 1)
    text = packet[3:].decode("utf-8", "replace")
    if text.startswith("#"):
        text = text[6:]
    return translated(pymysql.err.OperationalError(code, text), endpoint)


def translated(error: Exception, endpoint: SourceEndpoint) -> SourceError | SourceUnavailable:
    """PyMySQL's error as one of ours, naming the account."""
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    text = str(error.args[-1]) if error.args else str(error)
    thing = str(endpoint)
    if refused := refused_login(error, endpoint):
        return refused
    if code in (_MASTER_FATAL_ERROR_READING_BINLOG, _SAME_SERVER_ID):
        return _dump_refused(text, thing)
    if code in (ER.SPECIFIC_ACCESS_DENIED_ERROR, 1227):
        return SourceError(
            f"the account lacks a right: {text}.",
            thing=thing,
            hint=(
                f"GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO '{endpoint.user}'@'…' "
                "(MariaDB: REPLICATION SLAVE, BINLOG MONITOR)."
            ),
        )
    if code in _UNSEEN:
        return AccessDenied(f"{text}.", thing=thing, hint="Grant SELECT to this account.")
    if "certificate verify failed" in text or "SSL" in text or "TLS" in text:
        return SourceError(f"TLS fails: {text}.", thing=thing, hint=TLS_HINT)
    if code in _TRANSIENT or not isinstance(error, pymysql.err.MySQLError):
        return SourceUnavailable(
            f"the server cannot be reached: {text}.",
            thing=thing,
            hint="Check that it runs, and the network between.",
        )
    return SourceError(f"the server answers error {code}: {text}.", thing=thing)


_LOST_HINT = (
    "The changes in between are gone from the binlog. Keep binlogs longer "
    "(binlog_expire_logs_seconds; on RDS: call "
    "mysql.rds_set_configuration('binlog retention hours', 72))."
)


_WITHIN_HINT = (
    "A FILE:OFFSET must be where an event begins: 4 is the begin of a file, and SHOW "
    "BINLOG EVENTS IN 'FILE' lists the others (Pos). "
    "When it is one of these, the file is damaged, or holds an event larger than the "
    "server's max_allowed_packet."
)


def _dump_refused(text: str, thing: str) -> SourceError | SourceUnavailable:
    """The error for a server's error 1236, which has many causes; its text distinguishes them.

    Source: sql/rpl_binlog_sender.cc (MySQL), sql/sql_repl.cc (MariaDB).
    """
    low = text.lower()
    if (
        "purged" in low
        or "could not find first log file" in low
        or "could not find gtid state" in low
        or "not in the master's binlog" in low
    ):
        return PositionLost(
            f"the server no longer has the binlog at the position asked for: {text}.",
            thing=thing,
            hint=_LOST_HINT,
        )
    if "same server_uuid/server_id" in low or "same server_id" in low:
        return ServerIdTaken(
            f"another reader has this reader's server_id: {text}.",
            thing=thing,
            hint="This reader chooses another one.",
        )
    if "gtid_mode" in low:
        return SourceError(
            f"its gtid_mode does not allow that: {text}.",
            thing=thing,
            hint=(
                "SET GLOBAL gtid_mode = ON, or start at latest or a FILE:OFFSET behind the last "
                "change of the mode."
            ),
        )
    if (
        "impossible position" in low
        or "> file size" in low
        or "more gtids than" in low
        or "gtid" in low
    ):
        return PositionLost(
            f"the position asked for is not in the server's binlog: {text}.",
            thing=thing,
            hint="The server was reset or restored, or it is another server.",
        )
    if (
        "bogus data" in low
        or "in the middle of event" in low
        or "exceeded max_allowed_packet" in low
        or "position < 4" in low
    ):
        return SourceError(
            f"the server finds no event at the position asked for: {text.rstrip('.')}.",
            thing=thing,
            hint=_WITHIN_HINT,
        )
    if "binary log is not open" in low or "binary logging" in low:
        return SourceError(
            f"the server writes no binlog: {text}.",
            thing=thing,
            hint="Switch it on: log_bin (on RDS: a backup retention above 0).",
        )
    return SourceError(f"the server refuses to send its binlog: {text}.", thing=thing)
