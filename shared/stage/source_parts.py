"""Source parts: connections to a stage's sources."""

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

from shared.adapters.database.contract import Database
from shared.adapters.secrets import secret_json
from shared.stage.basis import Basis
from shared.values import source_endpoint
from shared.values.settings import SourceSettings, TableSettings, table_settings
from shared.values.source_endpoint import SourceEndpoint

if TYPE_CHECKING:
    from shared.adapters.binlog.contract import Binlog


class SourceParts(Basis):
    """The sources of a stage."""

    def endpoint(self, source: str | None = None) -> SourceEndpoint:
        """Where a source is: the given address, else its secret's.

        An address is used where the stage has one source. The secret is read again each time: it
        may have been rotated.
        """
        if (url := self._addresses.get("source")) and self.only_source():
            return source_endpoint.parse(url)
        secret = self.source(source).secret
        return source_endpoint.from_secret(secret, secret_json(secret, fresh=True))

    def database(self, source: str | None = None) -> Database:
        """A connection to a source for SELECTs."""
        from shared.adapters.database.sql import SqlDatabase  # needed by few functions

        return SqlDatabase(self.endpoint(source))

    def binlog(self, source: str) -> "Binlog":
        """A reader of a source's binlog that is no relay."""
        from shared.adapters.binlog import open_binlog

        server_id = 1 << 31 | secrets.randbits(30)  # meets neither replicas nor relays
        return open_binlog(self.endpoint(source), ["*.*"], server_id)

    def binlog_of(self, source: str, tables: Mapping[str, TableSettings]) -> "Binlog":
        """A reader of these tables alone, without the columns that their settings drop."""
        from shared.adapters.binlog import open_binlog

        def dropped(database: str, table: str) -> frozenset[str]:
            return table_settings(tables, f"{database}.{table}").unread

        server_id = 1 << 31 | secrets.randbits(30)
        return open_binlog(self.endpoint(source), list(tables), server_id, dropped=dropped)

    def mask_key(self, source: SourceSettings) -> bytes:
        """The key of mask `hash`, from the source's secret; empty where nothing is hashed."""
        if not any("hash" in table.mask.values() for table in source.tables.values()):
            return b""
        return str(secret_json(source.secret).get("mask_key", "")).encode()

    def reads(self, source: SourceSettings) -> str:
        """Where a source is, and where that address came from."""
        given = self._addresses.get("source") and self.only_source()
        origin = self._origins.get("source", "") if given else f"secret {source.secret}"
        return f"{self.endpoint(source.name)} ({origin})"
