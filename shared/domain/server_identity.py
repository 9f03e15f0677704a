"""Server identity: what tells one database server from every other, and its runs apart."""

from shared.adapters.binlog.contract import Binlog
from shared.adapters.database.contract import Database
from shared.values.lineage import ServerRun


def who_answers(database: Database) -> tuple[str, ...]:
    """What tells one server from others, whatever name or address leads there.

    MariaDB's identity alone is a number that people choose.
    """
    found = database.variables("hostname", "port", "datadir")
    return (
        database.server().identity,
        *(found.get(name, "") for name in ("hostname", "port", "datadir")),
    )


def run_of(binlog: Binlog) -> ServerRun:
    """The run of the server that answers. Raises SourceUnavailable, SourceError."""
    return ServerRun(binlog.identity(), binlog.started(), binlog.last_start())
