"""What must be asked of the server, because the binlog does not tell: character sets, and which
columns are UUID, INET or VECTOR, or how many digits old fractional seconds have.
"""

from collections.abc import Mapping
from contextlib import closing

from shared.adapters.binlog.charsets import Charsets
from shared.adapters.binlog.session import Session
from shared.values.endpoint import SourceEndpoint

_SPECIAL = ("uuid", "inet4", "inet6", "vector")


class ServerCatalog:
    """Asks over connections of its own, each closed at once: the one that carries the binlog is
    busy.
    """

    def __init__(self, endpoint: SourceEndpoint) -> None:
        self._endpoint = endpoint
        self._charsets: Charsets | None = None

    def charsets(self) -> Charsets:
        if self._charsets is None:
            with closing(Session(self._endpoint)) as session:
                rows = session.query(
                    "SELECT id, character_set_name FROM information_schema.collations WHERE id IS "
                    "NOT NULL"
                )
                if session.is_mariadb:
                    # a collation of several character sets (uca1400) has an id with each of them
                    columns = session.query(
                        "SELECT 1 FROM information_schema.columns WHERE table_schema = "
                        "'information_schema' AND table_name = "
                        "'COLLATION_CHARACTER_SET_APPLICABILITY' AND column_name = 'ID'"
                    )
                    if columns:
                        rows += session.query(
                            "SELECT id, character_set_name FROM "
                            "information_schema.collation_character_set_applicability WHERE id IS "
                            "NOT NULL"
                        )
            self._charsets = Charsets(
                {int(number): str(name) for number, name in rows if name}, self._convert
            )
        return self._charsets

    def special_columns(self, database: str, table: str) -> Mapping[str, str]:
        """As the table is now: the binlog has no older answer. A column that is gone or renamed
        since reads as BINARY.
        """
        with closing(Session(self._endpoint)) as session:
            if not session.is_mariadb:
                return {}
            rows = session.query(
                "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema "
                "= %s AND table_name = %s",
                database,
                table,
            )
        return {
            str(name): str(kind).lower() for name, kind in rows if str(kind).lower() in _SPECIAL
        }

    def fractions(self, database: str, table: str) -> Mapping[str, int]:
        """As the table is now, too."""
        with closing(Session(self._endpoint)) as session:
            rows = session.query(
                "SELECT column_name, datetime_precision FROM information_schema.columns "
                "WHERE table_schema = %s AND table_name = %s AND datetime_precision > 0",
                database,
                table,
            )
        return {str(name): int(digits) for name, digits in rows}

    def _convert(self, charset: str, data: bytes) -> str:
        with closing(Session(self._endpoint)) as session:
            # the name comes from the server's own list
            found = session.scalar(
                f"SELECT HEX(CONVERT(CONVERT(x'{data.hex()}' USING {charset}) USING utf16))"
            )
        return bytes.fromhex(found or "").decode("utf-16-be")
