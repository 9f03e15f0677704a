"""Server settings: the binlog holds whole rows with column names, and is kept long enough."""

from collections.abc import Iterable, Mapping

from shared.adapters.database.contract import BinlogFilters, Database, Server
from shared.domain.preflight.binlog_margin import MOST_USED, SHORT_HOURS
from shared.values.finding import Finding

VARIABLES = (
    "log_bin",
    "binlog_format",
    "binlog_row_image",
    "binlog_row_metadata",
    "binlog_expire_logs_seconds",
    "expire_logs_days",
    "gtid_mode",
    "server_id",
)
OLDEST = {"mysql": (5, 7), "mariadb": (10, 5)}


def check_server(server: Server, variables: Mapping[str, str]) -> list[Finding]:
    """Check the version, server_id and the settings of the binlog."""
    findings = [_version(server), _log_bin(server, variables)]
    if findings[-1].level == "fail":
        return findings  # the others say nothing without a binlog
    findings.append(_setting(server, variables, "binlog_format", "ROW"))
    findings.append(_setting(server, variables, "binlog_row_image", "FULL"))
    findings.append(_metadata(server, variables))
    if variables.get("server_id") == "0":
        findings.append(
            Finding(
                "server_id",
                "fail",
                "is 0: the server sends its binlog to no client",
                "Set server_id to a number above 0 and restart.",
            )
        )
    if server.flavour == "mysql":
        findings.append(_gtid(server, variables))
    return findings


def check_retention(
    server: Server,
    variables: Mapping[str, str],
    rds_hours: int | None,
    lag_seconds: float | None = None,
) -> Finding:
    """Compare how long binlogs are kept with the lag of the relay.

    rds_hours: the retention that RDS or Aurora is set to; None: not set.
    lag_seconds: the lag of the relay; None: not known.
    """
    check = "binlog retention"
    if server.managed:
        fix = "call mysql.rds_set_configuration('binlog retention hours', 72);"
        if rds_hours is None:
            return Finding(
                check,
                "fail",
                "is not set, so the service removes binlogs as soon as it can",
                f"Run: {fix}",
                blocks_start_only=True,
            )
        hours = float(rds_hours)
    else:
        seconds = _expire_seconds(variables)
        fix = (
            "SET PERSIST binlog_expire_logs_seconds = 259200;"
            if server.flavour == "mysql"
            else "SET GLOBAL binlog_expire_logs_seconds = 259200;"
        )
        if not seconds:
            return Finding(check, "ok", "binlogs are kept until they are purged by hand")
        hours = seconds / 3600
    if lag_seconds is not None and lag_seconds > hours * 3600 * MOST_USED:
        return Finding(
            check,
            "fail",
            f"is {hours:g} h and the relay is {lag_seconds / 3600:.1f} h behind: it may lose "
            "its place",
            f"Keep more now. Run: {fix}",
            blocks_start_only=True,
        )
    if hours < SHORT_HOURS:
        return Finding(
            check,
            "warn",
            f"is {hours:g} h: a relay that is down for longer loses its place",
            f"Run: {fix}",
        )
    return Finding(check, "ok", f"{hours:g} h")


def kept_seconds(database: Database) -> int:
    """How long the server keeps its binlogs; 0: until they are purged by hand.

    RDS without the setting removes them as soon as it can, which the preflight reports: 0 as well.
    """
    if database.server().managed:
        return (database.retention_hours() or 0) * 3600
    return _expire_seconds(database.variables(*VARIABLES))


def _expire_seconds(variables: Mapping[str, str]) -> int:
    seconds = int(variables.get("binlog_expire_logs_seconds", 0))
    return seconds or int(float(variables.get("expire_logs_days", 0)) * 86_400)


def check_binlog_filters(filters: BinlogFilters, tables: Iterable[str]) -> Finding:
    """Check that the server logs the databases of the captured tables.

    With row-based logging the database of the table counts, not the default database of the
    session. Source: MySQL reference manual, "Evaluation of Database-Level Replication and Binary
    Logging Options".
    """
    databases = sorted({name.partition(".")[0] for name in tables})
    for setting, lacking in (
        ("binlog_do_db", [name for name in databases if filters.do and name not in filters.do]),
        (
            "binlog_ignore_db",
            [name for name in databases if not filters.do and name in filters.ignore],
        ),
    ):
        if lacking:
            return Finding(
                setting,
                "fail",
                f"keeps changes of {', '.join(lacking)} out of the binlog",
                f"Remove {setting} from the server's configuration, and restart it.",
            )
    return Finding("binlog_do_db", "ok", "leaves out no captured database")


def _version(server: Server) -> Finding:
    name = f"{'MariaDB' if server.flavour == 'mariadb' else 'MySQL'} {server.version_text}"
    where = {"rds": " on RDS", "aurora": " on Aurora"}.get(server.managed, "")
    if server.version < OLDEST[server.flavour]:
        oldest = ".".join(map(str, OLDEST[server.flavour]))
        return Finding(
            "server", "fail", f"{name}{where} is too old", f"Upgrade to {oldest} or later."
        )
    return Finding("server", "ok", f"{name}{where}, {server.identity}")


def _log_bin(server: Server, variables: Mapping[str, str]) -> Finding:
    if variables.get("log_bin", "").upper() in ("ON", "1"):
        return Finding("log_bin", "ok", "ON")
    fix = {
        "rds": "Set the instance's backup retention period above 0 days: RDS then keeps a binlog.",
        "aurora": "Set binlog_format=ROW in the DB cluster parameter group, and reboot the writer.",
        "": (
            "Put log_bin=bin and server_id=1 into the [mysqld] section of the server's "
            "configuration and restart it."
        ),
    }[server.managed]
    return Finding(
        "log_bin",
        "fail",
        "is OFF: the server keeps no binlog, so there is nothing to capture changes from",
        fix,
    )


def _setting(server: Server, variables: Mapping[str, str], name: str, wanted: str) -> Finding:
    value = variables.get(
        name, wanted
    ).upper()  # a server without the setting has only this behaviour
    if value == wanted:
        return Finding(name, "ok", value)
    why = {
        "binlog_format": "statements are logged instead of rows, and cannot be captured",
        "binlog_row_image": "the binlog holds only part of each changed row",
        "binlog_row_metadata": "the binlog holds no column names",
    }[name]
    return Finding(name, "fail", f"is {value}: {why}", _set(server, name, wanted))


def _metadata(server: Server, variables: Mapping[str, str]) -> Finding:
    if "binlog_row_metadata" in variables:
        return _setting(server, variables, "binlog_row_metadata", "FULL")
    return Finding(
        "binlog_row_metadata",
        "warn",
        f"is not known to {server.version_text}: column names are taken from the tables as "
        "they are now",
        "Let the relay catch up before each ALTER TABLE, or upgrade to MySQL 8.",
    )


def _gtid(server: Server, variables: Mapping[str, str]) -> Finding:
    mode = variables.get("gtid_mode", "OFF")
    if mode == "ON":
        return Finding("gtid_mode", "ok", "ON")
    how = (
        "Set gtid-mode=ON and enforce_gtid_consistency=ON in the parameter group."
        if server.managed
        else "See the MySQL manual, 'Enabling GTID Transactions Online'."
    )
    return Finding(
        "gtid_mode",
        "warn",
        f"is {mode}: the relay cannot follow a fail-over, and a backfill needs the right "
        "LOCK TABLES",
        how,
    )


def _set(server: Server, name: str, wanted: str) -> str:
    if server.managed:
        group = "DB cluster parameter group" if server.managed == "aurora" else "DB parameter group"
        return (
            f"Set {name}={wanted} in the {group} (not the default one) and wait until it is "
            "in-sync; open connections keep the old value until they reconnect."
        )
    return (
        f"Run SET GLOBAL {name} = '{wanted}'; put {name}={wanted} into the server's "
        "configuration; then let writers reconnect, because they keep the old value."
    )
