"""Position: a place in a binlog, as text everywhere: `FILE:OFFSET` or a GTID set."""

import re

import msgspec

from shared.values.errors import ConfigError

_FILE_OFFSET = re.compile(r"^(?P<file>[^:,\s]+\.\d+):(?P<offset>\d+)$")
_MARIADB_GTID = re.compile(r"^\d+-\d+-\d+(,\s*\d+-\d+-\d+)*$")
_MYSQL_GTID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:", re.IGNORECASE)


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """A place between two transactions.

    file, offset: the place on one server; the offset is in bytes. gtids: the place on every server
    of the replication topology: a MySQL GTID set, or a MariaDB GTID
        list with one GTID for each domain. A position from a server has both if possible.
    created: when the file was begun, Unix seconds; 0: not known. It distinguishes the file from one
        with the same name after a restore or `RESET`.
    """

    file: str = ""
    offset: int = 0
    gtids: str = ""
    created: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.offset}" if self.file else self.gtids

    def reaches(self, other: "Position") -> bool:
        """Whether this place is `other` or a later one in the same server's binlog.

        Both must have a file. Binlog files are numbered, and the number grows by a digit after
        999999.
        """
        return self.order() >= other.order()

    def order(self) -> tuple[int, int]:
        """A sort key for places in one server's binlog; a place without a file comes first."""
        return int(self.file.rpartition(".")[2] or -1), self.offset

    @staticmethod
    def parse(text: str) -> "Position":
        """Read `FILE:OFFSET`, a MySQL GTID set or a MariaDB GTID list.

        Raises ConfigError that names the text.
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
