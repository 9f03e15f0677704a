"""The deployed pipeline as the demo measures it: from a commit to a document in Elasticsearch."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pymysql
from elasticsearch import Elasticsearch, NotFoundError

from local.demo import marketplace as market
from shared.stage import Stage
from shared.values.errors import RowlineError
from shared.values.source_endpoint import SourceEndpoint

CONSUMER, INDEX = "listingSearch", "market-listings"


@dataclass(frozen=True)
class Drained:
    """A backlog that was written as fast as the database takes it, then applied.

    changes: Row changes of the backlog.
    written: Seconds that the writer needed.
    applied: Seconds from the first to the last applied change.
    """

    changes: int
    written: float
    applied: float


class Pipeline:
    """One source, the consumer `listingSearch`, and the way in and out of both.

    admin: An account that may write to the source; Rowline's own only reads.
    """

    def __init__(self, deployed: Stage, admin: SourceEndpoint, search: Elasticsearch) -> None:
        self._deployed, self._admin, self.search = deployed, admin, search
        (self.source,) = deployed.settings.sources

    def connect(self) -> "pymysql.connections.Connection[Any]":
        return connect(self._admin)

    def wait_for_relay(self) -> None:
        """Until the relay has written its first checkpoint."""
        streams = self._deployed.state.streams
        wait(
            "the relay's first checkpoint",
            lambda: streams.load(self.source)[1] is not None,
            90,
            lambda: streams.load(self.source)[0].figures.get("error"),
            pause=0.1,
        )

    def wait_until_applied(self, what: str, seconds: float = 120) -> None:
        """Until everything that is committed now is published and the consumer's queue is empty."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SHOW MASTER STATUS")
            row: Any = cursor.fetchone()
        end = row[0], int(row[1])

        def done() -> bool:
            _, checkpoint = self._deployed.state.streams.load(self.source)
            if checkpoint is None:
                return False
            position = checkpoint.position
            if (position.file, position.offset) < end:
                return False
            return self._deployed.queue(CONSUMER).depth() == (0, 0)

        # Each question takes time of the emulator, which the pipeline needs too.
        wait(what, done, seconds, pause=0.2)

    def drain(self, changes: int) -> Drained:
        """Write `changes` row changes at once, and wait until all are applied."""
        before, began, made = self._indexed(), time.monotonic(), 0
        with self.connect() as connection, connection.cursor() as cursor:
            for table, column in itertools.cycle(market.COUNTERS.items()):
                made += cursor.execute(
                    f"UPDATE market.{table} SET {column} = {column} + 1 LIMIT %s",  # noqa: S608
                    (changes - made,),
                )
                if made == changes:
                    break
        written = time.monotonic() - began
        wait("the first change of the backlog", lambda: self._indexed() > before, 60, pause=0.05)
        first = time.monotonic()
        self.wait_until_applied("the backlog in Elasticsearch")
        return Drained(made, written, time.monotonic() - first)

    def latencies(self, samples: int) -> list[float]:
        """Seconds from the commit of a single change until Elasticsearch answers with it."""
        out = []
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT id FROM market.listings ORDER BY id LIMIT %s", (samples,))
            for number, (key,) in enumerate(cursor.fetchall()):
                stock = 100_000 + number
                cursor.execute("UPDATE market.listings SET stock = %s WHERE id = %s", (stock, key))
                committed = time.monotonic()
                wait(f"listing {key}", lambda: self.document(key).get("stock") == stock, 30)  # noqa: B023
                out.append(time.monotonic() - committed)
        return out

    def document(self, key: int) -> dict[str, Any]:
        """The listing `key` in Elasticsearch; empty if it is not there."""
        try:
            return dict(self.search.get(index=INDEX, id=str(key))["_source"])
        except NotFoundError:
            return {}

    def _indexed(self) -> int:
        """How many documents Elasticsearch has written since it started."""
        stats = self.search.indices.stats(index="market-*", metric="indexing")
        return int(stats["_all"]["primaries"]["indexing"]["index_total"])


def connect(admin: SourceEndpoint) -> "pymysql.connections.Connection[Any]":
    """A connection that may write to the source."""
    return pymysql.connect(
        host=admin.host,
        port=admin.port,
        user=admin.user,
        password=admin.password,
        charset="utf8mb4",
        autocommit=True,
    )


def wait(
    what: str,
    done: Callable[[], bool],
    seconds: float,
    why: Callable[[], str | None] = lambda: None,
    pause: float = 0.005,
) -> None:
    """Wait until `done`, which is asked after each `pause`, in seconds.

    why: Asked for the cause when it takes longer than `seconds`. Raises RowlineError then.
    """
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise RowlineError(
                f"did not happen within {seconds:.0f} s.",
                thing=what,
                hint=why() or "See `rowline status --stage local`.",
            )
        time.sleep(pause)
