"""Which servers log the rows that a foreign key deletes or changes."""

CASCADE = "FOREIGN KEY … CASCADE"
"""The kind of statement that adds such a foreign key."""

_FIRST = (9, 6)


def logs_cascades(flavour: str, version: tuple[int, ...]) -> bool:
    """Whether the server logs such rows: MySQL from 9.6 on does, MariaDB does not.

    Source: MySQL 9.6 release notes, "Foreign keys".
    """
    return flavour == "mysql" and version >= _FIRST
