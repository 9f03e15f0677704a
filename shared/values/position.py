"""Position: a place in a binlog, as text everywhere: `FILE:OFFSET` or a GTID set."""

import re

import msgspec

from shared.values.errors import ConfigError

_FILE_OFFSET = re.compile(r"^(?P<file>[^:,\s]+\.\d+):(?P<offset>\d+)$")
_MARIADB_GTID = re.compile(r"^\d+-\d+-\d+(,\s*\d+-\d+-\d+)*$")
_MYSQL_GTID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:", re.IGNORECASE)


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """A place between two transactions.

    `file` and `offset` (bytes) name it on one server; `gtids` names it on every server of the
    replication topology: a MySQL GTID set, or a MariaDB GTID list (one per domain). A position read
    from a server carries both where it can. `created` (Unix seconds, 0: not known) is when the file
    was begun: it tells the file from another of the same name, after a restore or `RESET`.
    """

    file: str = ""
    offset: int = 0
    gtids: str = ""
    created: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.offset}" if self.file else self.gtids

    def reaches(self, other: "Position") -> bool:
        """Whether this place is `other` or comes after it in the same server's binlog; both must
        have a file.

        Binlog files are numbered, and the number grows by a digit after 999999.
        """
        return self.order() >= other.order()

    def order(self) -> tuple[int, int]:
        """What sorts places in one server's binlog; a place without a file comes first."""
        return int(self.file.rpartition(".")[2] or -1), self.offset

    @staticmethod
    def parse(text: str) -> "Position":
        """Read `FILE:OFFSET`, a MySQL GTID set or a MariaDB GTID list. Raises ConfigError naming
        the text.
        """
        text = text.strip()
        if match := _FILE_OFFSET.match(text):
            return Position(file=match["file"], offset=int(match["offset"]))
        if _MARIADB_GTID.match(text) or _MYSQL_GTID.match(text):
            return Position(gtids=re.sub(r"\s+", "", text))
        raise ConfigError(
            "is not a position.",
            thing=repr(text),
            hint=(
                "Write FILE:OFFSET (bin.000007:4), a GTID set (3f1c…:1-99 or 0-1-99), or "
                "earliest or latest where a start is asked for."
            ),
        )
