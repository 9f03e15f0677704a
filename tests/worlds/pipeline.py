"""A whole stage in one process: a real database, a relay, a queue, a consumer, a real index."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar

import pytest

from shared.adapters.database.sql import SqlDatabase
from shared.adapters.search.contract import Action, Result
from shared.adapters.search.elasticsearch import ElasticsearchSearch
from shared.adapters.topic.contract import Entry
from shared.domain.open_dues import open_dues
from shared.domain.sink import Surroundings
from shared.flows.backfill.backfill import Backfill
from shared.flows.backfill.backfill_report import BackfillReport
from shared.flows.consume import sinks
from shared.flows.consume.consume import Consume
from shared.flows.jobs.job_setup import JobSetup
from shared.flows.relay.reading import wanted_capture
from shared.flows.relay.reading.connecting import database, opener, preflight
from shared.flows.relay.relay_setup import RelaySetup
from shared.flows.verify.verify import Verify, VerifyReport
from shared.values.checkpoint import Checkpoint
from shared.values.job import ResyncWork
from shared.values.settings import ConsumerSettings, SourceSettings, TableSettings
from shared.values.source_endpoint import parse
from tests.integration.relay_faults.process import Running
from tests.waiting import wait_for
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.queue import MemoryQueue
from tests.worlds.twins.state import memory_state

T = TypeVar("T")


class ThreadedQueue:
    """The consumer's queue for several threads; what is published to the topic arrives in it."""

    def __init__(self) -> None:
        self._queue, self._lock = MemoryQueue(), threading.Lock()
        self.publish = self.send = self._locked(self._queue.send)
        self.receive, self.hide = self._locked(self._queue.receive), self._locked(self._queue.hide)
        self.delete, self.depth = self._locked(self._queue.delete), self._locked(self._queue.depth)

    @property
    def sent(self) -> list[Entry]:
        return self._queue.sent

    def _locked(self, call: Callable[..., T]) -> Callable[..., T]:
        def locked(*args: Any, **kwargs: Any) -> T:
            with self._lock:
                return call(*args, **kwargs)

        return locked


class PipelineWorld:
    """Of source `shop` and consumer `search`, with an index for each table.

    deleted: ids of the documents whose deletion was applied, by alias, since `watch_deletions`.
    """

    def __init__(
        self,
        server: Any,
        elasticsearch: Any,
        tables: Mapping[str, TableSettings],
        start: str,
        patch: pytest.MonkeyPatch,
    ) -> None:
        self._patch = patch
        patch.setattr(wanted_capture, "EXAMINE_SECONDS", 0.5)
        self._server, self._url = server, elasticsearch.url
        self.source = SourceSettings("shop", "secret", dict(tables), start=start, linger_ms=1)
        sink = {"kind": "elasticsearch", "secret": "s"}
        self.consumer = ConsumerSettings("search", "shop", tuple(tables), sink)
        self.state, self.claims, self.queue = memory_state(), MemoryClaims(), ThreadedQueue()
        self.deleted: dict[str, set[str]] = {}
        self._stop = threading.Event()
        self._sink = self._built()
        self._consumer_thread = threading.Thread(target=self._consume, daemon=True)
        self._relays = 0

    def __enter__(self) -> Self:
        self._consumer_thread.start()
        self.start_relay()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._consumer_thread.join(60)
        self.relay.stop()

    def start_relay(self) -> None:
        """Another relay; the one before yields."""
        self._relays += 1
        here = parse(self._server.url)
        self.relay = Running(
            RelaySetup(
                source=self.source,
                streams=self.state.streams,
                schemas=self.state.schemas,
                dues=self.state.dues,
                coverage=self.state.coverage,
                claims=self.claims,
                topic=self.queue,  # type: ignore[arg-type]
                open_binlog=opener(lambda: here, self.source.start),
                open_database=database(lambda: here),
                preflight=preflight(lambda: here, self.source),
                holder=f"relay {self._relays}",
                manner="take",
                run="foreground",
            )
        )

    def point(self) -> Checkpoint:
        _, point = self.state.streams.load("shop")
        assert point
        return point

    def settle(self) -> None:
        """Wait until everything that is in the binlog now is applied, and no table is stopped."""
        opened = SqlDatabase(parse(self._server.url))
        end = opened.position()
        opened.close()
        assert end

        def applied() -> bool:
            assert not self.relay.ended, self.relay.ended
            _, point = self.state.streams.load("shop")
            return bool(point and point.position.file and point.position.reaches(end)) and not (
                any(self.queue.depth()) or (point and point.whole.stopped)
            )

        wait_for(applied, 120)

    def due(self) -> dict[str, str]:
        """The tables that `status` would name, each with its reason."""
        found = open_dues(self.state.dues, self.consumer, self.source)
        return {one.table: one.why for one in found}

    def resync(self) -> BackfillReport:
        """What `rowline resync search` does."""
        return Backfill(self._job(), ResyncWork).run()

    def verify(self, *tables: str, repair: bool = False, server: Any = None) -> VerifyReport:
        """What `rowline verify search` does, also with the address of another server."""
        return Verify(self._job(server), repair=repair).run(tables)

    def watch_deletions(self) -> dict[str, set[str]]:
        """Ids whose deletion is applied from here on, by alias."""
        self.deleted = {}
        return self.deleted

    def documents(self, table: str) -> dict[str, Any]:
        """The documents of a table, by id."""
        search = ElasticsearchSearch({"url": self._url})
        alias = table.replace(".", "-")
        ids = [one.id for one in search.scan(alias)]
        return {id: one.body for id, one in search.get(alias, ids).items()}

    def parked(self) -> list[Any]:
        return list(self.state.parked.all("search"))

    def _job(self, server: Any = None) -> JobSetup:
        url = (server or self._server).url
        return JobSetup(
            self.consumer,
            self.source,
            database=SqlDatabase(parse(url)),
            state=self.state,
            claims=self.claims,
            queue=self.queue,  # type: ignore[arg-type]
            sink=self._sink,
            reads=url,
            writes=self._url,
            consent=lambda _: True,
        )

    def _built(self) -> Any:
        around = Surroundings(self.consumer, self.state, lambda _n, _f: {}, self._url)
        real = ElasticsearchSearch.bulk

        def bulk(search: ElasticsearchSearch, actions: list[Action]) -> list[Result]:
            results = real(search, actions)
            for action, result in zip(actions, results, strict=True):
                if action.body is None and result.kind == "applied":
                    self.deleted.setdefault(action.index, set()).add(action.id)
            return results

        self._patch.setattr(ElasticsearchSearch, "bulk", bulk)
        return sinks.build(around)

    def _consume(self) -> None:
        consume = Consume(self.consumer, self._sink, self.state, self.claims, self.queue)  # type: ignore[arg-type]
        while not self._stop.is_set():
            received = self.queue.receive(10)
            if not received:
                time.sleep(0.01)
                continue
            failed = set(consume.handle(received, lambda: 60.0).failed)
            self.queue.delete(
                [one.receipt_handle for one in received if one.message_id not in failed]
            )
