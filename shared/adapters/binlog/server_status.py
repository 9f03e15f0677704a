"""Server status: what a reader asks a server about itself and its binlog."""

from typing import Any

from shared.adapters.binlog.gtid import MariadbGtids, MysqlGtids
from shared.adapters.binlog.replication_connection import Session
from shared.values.errors import SourceError
from shared.values.position import Position
from shared.values.source_endpoint import SourceEndpoint
from shared.values.table_pattern import SYSTEM_DATABASES, TablePatterns

_TRIES = 5
_NO_BINLOG = (
    "Switch it on: log_bin (on RDS and Aurora: a backup retention above 0, "
    "binlog_format = ROW in the parameter group)."
)


def identity(session: Session) -> str:
    """See `Binlog.identity`."""
    if session.is_mariadb:
        return f"mariadb-{session.scalar('SELECT @@global.server_id')}"
    return str(session.scalar("SELECT @@global.server_uuid"))


def started(session: Session) -> int:
    """Exact where the answers come within a second.

    The server counts its up time from the second in which it is asked.
    """
    for _ in range(_TRIES):
        second = int(session.scalar("SELECT UNIX_TIMESTAMP()"))
        ((_, uptime),) = session.query("SHOW GLOBAL STATUS LIKE 'Uptime'")
        if int(session.scalar("SELECT UNIX_TIMESTAMP()")) == second:
            break
    return second - int(uptime)


def require_binlog(session: Session, endpoint: SourceEndpoint) -> None:
    """Raises SourceError when the server writes no binlog."""
    if not int(session.scalar("SELECT @@global.log_bin")):
        raise SourceError("the server writes no binlog.", thing=str(endpoint), hint=_NO_BINLOG)


def require_logged(session: Session, capture: TablePatterns, endpoint: SourceEndpoint) -> None:
    """Raises SourceError when the server leaves out of its binlog what is to be captured.

    Source: MySQL reference manual, "Evaluation of Database-Level Replication and Binary Logging
    Options".
    """
    _, _, do, ignore, *_ = _status(session)
    rows = session.query("SELECT schema_name FROM information_schema.schemata") if do else []
    present = {str(name) for (name,) in rows} - SYSTEM_DATABASES
    for setting, left_out in (
        ("Binlog_Do_DB", (present | set(capture.databases)) - set(_names(do)) if do else ()),
        ("Binlog_Ignore_DB", () if do else _names(ignore)),
    ):
        for database in filter(capture.database, sorted(left_out)):
            raise SourceError(
                f"the server writes no rows of database {database} to its binlog: {setting} is "
                f"{do or ignore}.",
                thing=str(endpoint),
                hint=f"Change {setting.lower()} in the server's configuration and restart it; "
                "then start at latest and backfill.",
            )


def latest(session: Session) -> Position:
    """The end of the binlog now."""
    file, offset, _, _, *gtids = _status(session)
    if session.is_mariadb:
        found = session.scalar("SELECT BINLOG_GTID_POS(%s, %s)", file, offset) or ""
    else:
        found = "".join(gtids[0].split())
    return Position(file=file, offset=int(offset), gtids=found)


def _status(session: Session) -> tuple[Any, ...]:
    """File, offset, the two filters, on MySQL the GTIDs."""
    version = tuple(map(int, session.version.split("-")[0].split(".")[:2]))
    new = not session.is_mariadb and version >= (8, 2)
    return session.query("SHOW BINARY LOG STATUS" if new else "SHOW MASTER STATUS")[0]


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def gtids_at(session: Session, start: Position) -> MysqlGtids | MariadbGtids | None:
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
