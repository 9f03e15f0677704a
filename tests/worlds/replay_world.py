"""A world in which changes are archived too, some time after they were published."""

import contextlib
import dataclasses
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import msgspec

from shared.domain.polling import Polling
from shared.flows.consume.sinks.elasticsearch.index_takeover import IndexTakeover
from shared.flows.job_slice import JobSlice
from shared.flows.jobs import job_control
from shared.flows.jobs.job_lease import Tenure
from shared.flows.jobs.job_setup import JobSetup
from shared.flows.jobs.submission import submit
from shared.values.archive_pages import Choice, TableName
from shared.values.change import Row
from shared.values.job import Job, Wanted
from shared.values.message import decode
from shared.values.replay_work import ReplayWork
from shared.values.seq import split_seq
from shared.values.settings import ConsumerSettings
from tests.worlds.backfill_world import BackfillWorld
from tests.worlds.consumer_world import elasticsearch_settings
from tests.worlds.killed import Killed
from tests.worlds.replay_archive import ReplayArchive

ITEMS = TableName("shop", "items")
BEGAN_MS = 1_700_000_000_000


class ReplayWorld(BackfillWorld):
    """sent: the entries that a replay put into the queue, in order."""

    def __init__(
        self, random: Random, *, consumer: ConsumerSettings | None = None, **more: Any
    ) -> None:
        self.archive = ReplayArchive()
        super().__init__(random, consumer=consumer, **more)
        self.archive.state = self.state
        self.archive.setup = dataclasses.replace(self.archive.setup, state=self.state)
        self.archived = 0
        self.pace[self.store] = random.choice((0.1, 1))
        self._bodies: list[tuple[int, Any]] = []

    def note(self, op: Any, before: Row | None, after: Row | None) -> None:
        super().note(op, before, after)
        self.log[-1] = msgspec.structs.replace(self.log[-1], ts_ms=BEGAN_MS + len(self.log) * 1000)

    def publish(self) -> None:
        seen = {id(entry) for each in self.queue.groups.values() for entry in each}
        super().publish()
        for entries in self.queue.groups.values():
            for entry in entries:
                if id(entry) not in seen and entry.attributes["lane"] == "live":
                    message = decode(entry.body)
                    self._bodies += [(change.seq, (message, change)) for change in message.changes]

    def store(self) -> None:
        """Some of what was published is archived, not always in order."""
        some, self._bodies = self._bodies[:5], self._bodies[5:]
        if self.random.random() < 0.3 and len(some) > 1:
            self._bodies = [some.pop(0), *self._bodies]
        self.archive.append([_archived(message, change) for _, (message, change) in some])

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.store()

    def choice(self, first: int = 0, last: int = 1 << 30, *, newest: bool = True) -> Choice:
        """The changes with these places in the log."""
        begin, end = (BEGAN_MS + (at + 1) * 1000 for at in (first, last))
        return Choice("shop", (ITEMS,), begin * 1000, end * 1000, newest=newest)

    def setup(self, **options: Any) -> JobSetup:
        def ask(event: dict[str, Any]) -> dict[str, Any]:
            self.meanwhile()
            answer = self.archive.ask(event)
            self.meanwhile()
            return answer

        at_once: Any = lambda work: work()  # noqa: E731
        return super().setup(ask_archive=ask, in_background=at_once, **options)

    # The replay among it.

    def submit(self, choice: Choice, rate: float = 50.0) -> Job:
        return self.submit_work(ReplayWork(choice, rate, 10))

    def submit_work(self, work: ReplayWork) -> Job:
        return submit(
            self.state.jobs,
            "search",
            work,
            Wanted(),
            by="ann@desk",
            now_ms=lambda: BEGAN_MS,
            polling=Polling(lambda: self.now, self.sleep),
        )

    def slice(self, seconds: float = 840.0) -> str:
        """One invocation of the jobs function; raises Killed when it is killed."""
        ends = self.now + seconds

        def setup(_: str, tenure: Tenure) -> JobSetup:
            search = self.between(self.world.search)
            sink = elasticsearch_settings(self.world.settings)
            takeover = IndexTakeover(self.world.settings, sink, search, lambda: self.now)
            return self.setup(tenure=tenure, takeover=takeover)

        return JobSlice(
            self.state,
            setup,
            setup,  # type: ignore[arg-type]
            sharing_source=lambda _: ["search"],
            by="lambda 1",
            left=lambda: ends - self.now,
            now_ms=lambda: int(BEGAN_MS + self.now * 1000),
            polling=Polling(lambda: self.now, self.sleep),
        ).run("search", "fill")[0]

    def until_over(self, most: int = 300) -> Job:
        """Slices until the replay is over; in the end nothing is killed any more."""
        for life in range(most):
            if life == most - 50:
                self.kill_rate = 0.0
            with contextlib.suppress(Killed):
                self.slice()
            held = self.state.jobs.current("search", "fill")
            if held is None:
                return self.state.jobs.ended("search", 1)[0]
            assert held.state != "failed", held.outcome
            self.sleep(5.0)
        raise AssertionError("it never ends")

    def resume(self) -> None:
        held = self.state.jobs.current("search", "fill")
        assert held
        job_control.resume(self.state, held)


def _archived(message: Any, change: Any) -> dict[str, Any]:
    """A published change as a row of the table `changes`."""
    epoch, n = split_seq(change.seq)
    at = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=change.ts_ms)).replace(
        tzinfo=None
    )

    def text(row: Any) -> str | None:
        return None if row is None else msgspec.json.encode(row).decode()

    return {
        "stream": message.stream,
        "epoch": epoch,
        "n": n,
        "id": change.id,
        "source": message.source,
        "database": message.database,
        "table": message.table,
        "op": change.op,
        "key": text(change.key),
        "committed_at": at,
        "landed_at": at,
        "before": text(change.before),
        "after": text(change.after),
        "tx_id": change.tx.id,
        "tx_index": change.tx.index,
        "tx_last": change.tx.last,
        "schema_version": message.schema_version,
        "group": message.group,
        "trace_id": None,
    }
