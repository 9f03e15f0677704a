"""Server facts: version, settings, rights, position, counters."""

import re
from contextlib import suppress
from typing import Any

from shared.adapters.database.contract import BinlogFilters, Server
from shared.adapters.database.query import Query
from shared.values.errors import SourceError, SourceUnavailable
from shared.values.position import Position

_TRIES = 5


def server(query: Query) -> Server:
    ((version, base),) = query("SELECT VERSION(), @@GLOBAL.basedir")
    numbers = tuple(int(number) for number in re.findall(r"\d+", version.partition("-")[0])[:3])
    mariadb = "mariadb" in version.lower()
    named = variables(query, "server_uuid", "server_id", "aurora_version")
    identity = f"mariadb-{named['server_id']}" if mariadb else named["server_uuid"]
    managed = (
        "aurora" if "aurora_version" in named else "rds" if base.startswith("/rdsdbbin") else ""
    )
    return Server(
        "mariadb" if mariadb else "mysql",
        numbers,
        version,
        identity,
        managed,  # type: ignore[arg-type]
    )


def binlog_filters(query: Query, server: Server) -> BinlogFilters:
    found = _binlog_status(query, server)
    if not found:
        return BinlogFilters()
    do, ignore = (frozenset(filter(None, (text or "").split(","))) for text in found[0][2:4])
    return BinlogFilters(do, ignore)


def _binlog_status(query: Query, server: Server) -> list[tuple[Any, ...]]:
    renamed = server.flavour == "mysql" and server.version >= (8, 2)
    return query("SHOW BINARY LOG STATUS" if renamed else "SHOW MASTER STATUS")


def started(query: Query) -> int:
    """When the server started, in seconds since 1970; exact if the answers come within a second.

    The server counts its up time from the second in which it is asked.
    """
    for _ in range(_TRIES):
        ((second,),) = query("SELECT UNIX_TIMESTAMP()")
        ((_, uptime),) = query("SHOW GLOBAL STATUS LIKE 'Uptime'")
        if query("SELECT UNIX_TIMESTAMP()") == [(second,)]:
            break
    return int(second) - int(uptime)


def position(query: Query, server: Server) -> Position | None:
    found = _binlog_status(query, server)
    if not found:
        return None
    file, offset = found[0][:2]
    if server.flavour == "mariadb":
        ((gtids,),) = query("SELECT BINLOG_GTID_POS(%s, %s)", file, int(offset))
    else:
        gtids = found[0][4]
    return Position(file=file, offset=int(offset), gtids=re.sub(r"\s+", "", gtids or ""))


def variables(query: Query, *names: str) -> dict[str, str]:
    wanted = ", ".join(["%s"] * len(names))
    return {
        name.lower(): value
        for name, value in query(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({wanted})", *names)
    }


def writes(query: Query) -> tuple[str, dict[str, int]] | None:
    if variables(query, "performance_schema").get("performance_schema") == "ON":
        source = "performance_schema.table_io_waits_summary_by_table"
        sql = (
            "SELECT OBJECT_SCHEMA, OBJECT_NAME, COUNT_INSERT + COUNT_UPDATE + COUNT_DELETE "  # noqa: S608
            f"FROM {source}"
        )
    elif variables(query, "userstat").get("userstat") == "ON":
        source = "information_schema.TABLE_STATISTICS"
        sql = f"SELECT TABLE_SCHEMA, TABLE_NAME, ROWS_CHANGED FROM {source}"  # noqa: S608
    else:
        return None
    try:
        return source, {f"{database}.{table}": int(count) for database, table, count in query(sql)}
    except SourceError:
        return None


def grants(query: Query, server: Server) -> list[str]:
    found = [grant for (grant,) in query("SHOW GRANTS")]
    with suppress(SourceError, SourceUnavailable):
        # MySQL 8 lists a role's own rights only when asked with USING; MariaDB lists those of
        # the active role anyway.
        ((roles,),) = query("SELECT CURRENT_ROLE()")
        if server.flavour == "mysql" and roles and roles != "NONE":
            found = [
                grant
                for (grant,) in query(
                    f"SHOW GRANTS FOR CURRENT_USER() USING {roles.replace('%', '%%')}"
                )
            ]
    return found


def retention_hours(query: Query) -> int | None:
    try:
        found = {row[0]: row[1] for row in query("CALL mysql.rds_show_configuration")}
        return int(found["binlog retention hours"])
    except (SourceError, KeyError, TypeError, ValueError):
        return None
