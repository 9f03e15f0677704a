"""Server identity: what tells one database server from every other."""

from shared.adapters.database.contract import Database


def who_answers(database: Database) -> tuple[str, ...]:
    """What tells one server from others, whatever name or address leads there; MariaDB's identity
    alone is a number that people choose.
    """
    found = database.variables("hostname", "port", "datadir")
    return (
        database.server().identity,
        *(found.get(name, "") for name in ("hostname", "port", "datadir")),
    )
