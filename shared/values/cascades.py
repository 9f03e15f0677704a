"""Which servers log the rows that a foreign key deletes or changes."""

CASCADE = "FOREIGN KEY … CASCADE"
"""The kind of statement that adds such a foreign key."""

_FIRST = (9, 6)


def logs_cascades(flavour: str, version: tuple[int, ...]) -> bool:
    """Whether such rows are in the binlog: MySQL 9.6 and later, no MariaDB.

    Source: MySQL 9.6 release notes, "Foreign keys".
    """
    return flavour == "mysql" and version >= _FIRST
