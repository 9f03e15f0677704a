"""Binlog retention: how long the source keeps its binlogs, as the relay last heard."""

import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

from shared.adapters.database.contract import Database
from shared.domain.preflight.server_settings import kept_seconds
from shared.values.errors import RowlineError

log = logging.getLogger("rowline.relay")

FIGURE = "binlog_kept_s"
"""The relay's figure of that name: seconds, 0: they are kept until they are purged by hand."""

ASK_SECONDS = 3600.0
"""So often the source is asked: somebody may have changed the setting."""


class BinlogRetention:
    """What the lease shows of it, also while the source does not answer.

    former: the figures of the former holder of the lease.
    """

    def __init__(self, open_database: Callable[[], Database], former: Mapping[str, Any]) -> None:
        self._open, self._ask_at = open_database, 0.0
        self.shown = {FIGURE: former[FIGURE]} if FIGURE in former else {}

    def look(self, now: float) -> None:
        """Ask the source when it is time. `now`: monotonic seconds.

        Raises nothing of the source: this figure must not stop a relay.
        """
        if now < self._ask_at:
            return
        self._ask_at = now + ASK_SECONDS
        try:
            with closing(self._open()) as database:
                self.shown = {FIGURE: kept_seconds(database)}
        except RowlineError as error:
            log.warning("how long binlogs are kept is not known: %s", error)
