"""RepeatedAsking: queries that outlast one request, so that the same request finds them again."""

import time
from collections.abc import Callable, Sequence
from hashlib import blake2b

from shared.adapters.athena.contract import MOST_ROWS, Athena, Execution, QueryParameter, ResultPage


class StillRunning(Exception):
    """The time of this request is over, and its query still runs."""


class RepeatedAsking:
    """Athena, for one request of a question.

    asked: names the question; a query that an earlier request of it started is found again.
    seconds: how long this request waits in all.
    """

    def __init__(
        self,
        athena: Athena,
        asked: str,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._athena, self._asked, self._clock = athena, asked, clock
        self._end = clock() + seconds

    def start(self, sql: str, parameters: Sequence[QueryParameter] = (), token: str = "") -> str:
        named = repr((self._asked, sql, list(parameters), token)).encode(errors="surrogatepass")
        return self._athena.start(sql, parameters, blake2b(named, digest_size=32).hexdigest())

    def poll(self, query: str) -> Execution:
        """How far a query is. Raises StillRunning when it runs and the time is over."""
        found = self._athena.poll(query)
        if found.state == "running" and self._clock() >= self._end:
            raise StillRunning
        return found

    def results(self, query: str, page: str = "", most: int = MOST_ROWS) -> ResultPage:
        return self._athena.results(query, page, most)

    def stop(self, query: str) -> None:
        self._athena.stop(query)

    def scan_limit(self) -> int:
        return self._athena.scan_limit()
