"""What a reader asks a server about itself and its binlog."""

from shared.adapters.binlog.gtid import MariadbGtids, MysqlGtids
from shared.adapters.binlog.session import Session
from shared.values.endpoint import SourceEndpoint
from shared.values.errors import SourceError
from shared.values.position import Position

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
    """Exact where the answers come within a second: the server counts its up time from the second
    in which it is asked.
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


def latest(session: Session) -> Position:
    """The end of the binlog now."""
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
