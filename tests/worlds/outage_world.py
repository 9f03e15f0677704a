"""A consumer, its queue, its event source mapping and the watch, on one clock that tests move.

Days pass in a second: the clock jumps to whatever happens next.
"""

import random
from collections.abc import Callable
from typing import Any

import msgspec

from shared.flows.consume.consume import Consume
from shared.flows.watch.watch_loop import watch
from shared.flows.watch.watch_setup import WatchSetup
from shared.values.gate import Gate
from shared.values.message import PUBLISHED
from shared.values.settings import ConsumerSettings, SourceSettings, StageSettings, TableSettings
from tests.worlds.consumer_world import ALIAS, ConsumerWorld, change, delivery
from tests.worlds.killed import Killed
from tests.worlds.memory_parts import MemoryParts
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.functions import MemoryFunctions
from tests.worlds.twins.queue import MemoryQueue
from tests.worlds.twins.state import wrapped
from tests.worlds.twins.topic import Entry

TIME_OUT = 60.0
GROUPS = 5
PROBES_OF_A_PROCESS = 8
DAY = 86_400.0


class OutageWorld:
    """One consumer, `search`.

    now: the clock, Unix seconds. busy: batches at once. watch_every: seconds between its runs.
    crashes: the consumer's function ends with an error before it does anything.
    figures: the last of each metric. opened, closed: when the gate changed.
    most_receives: the highest number of receives of one message.
    """

    def __init__(
        self,
        wrap: Callable[[Any], Any] = lambda twin: twin,
        busy: int = 4,
        settings: ConsumerSettings | None = None,
    ) -> None:
        self.now, self.busy = 1_700_000_000.0, busy
        self.began = self.now
        shop = SourceSettings("shop", "secret", {"shop.items": TableSettings()})
        self.world = ConsumerWorld(settings, wrap=wrap)
        stanzas = StageSettings("rowline", "dev", {"shop": shop}, {"search": self.world.settings})
        self.parts = MemoryParts(stanzas, self.world.state)
        clock = self.clock
        self.dlq = self.parts.queues["dlq", "search"] = MemoryQueue(clock)
        self.queue = self.parts.queues["queue", "search"] = MemoryQueue(
            clock, visibility=TIME_OUT + 30, most_receives=1000, dlq=self.dlq
        )
        self.parts.queues["undelivered", "search"] = MemoryQueue(clock)
        self.functions = self.parts.functions = MemoryFunctions(clock)
        self.crashes, self.watching, self.watch_every = False, True, 60.0
        self.opened: list[float] = []
        self.closed: list[float] = []
        self.figures: dict[str, float] = {}
        self.most_receives = 0
        self.runs: list[tuple[float, bool]] = []
        self._wrap, self._numbers, self._next_watch = wrap, 0, self.now + 30
        self._open = True
        self._events: list[tuple[float, Callable[[], object]]] = []
        self.rows: dict[str, int] = {}
        self.started = 0
        self._probing: Consume | None = None
        self._probes_of_process = 0
        self.dice = random.Random(1)
        random.seed(1)  # waits are spread by chance, and no test may rest on that

    def clock(self) -> float:
        return self.now

    @property
    def gate(self) -> Gate:
        return self.world.state.gates.read("search")

    @property
    def down(self) -> bool:
        return self.world.search.down

    @down.setter
    def down(self, down: bool) -> None:
        self.world.search.down = down

    def write(self, key: int, price: int) -> None:
        """Commit a change of a row; it is in the queue at once."""
        self._numbers += 1
        one = change(self._numbers, "u", key, price=price)
        one = msgspec.structs.replace(one, ts_ms=int(self.now * 1000))
        sent = delivery([one], f"g{key % GROUPS}")
        told = {PUBLISHED: str(one.ts_ms)}
        entry = Entry(sent.body, sent.group, sent.deduplication_id, sent.attributes | told)
        assert self.queue.send([entry]) == [None]
        self.rows[str(key)] = price

    def runtime(self) -> Consume:
        """A new process of the function."""
        return Consume(
            self.world.settings,
            self.world.sink(self._wrap),
            wrapped(self.world.state, self._wrap),
            MemoryClaims(),
            self._wrap(self.queue),
            clock=self.clock,
        )

    def later(self, seconds: float, do: Callable[[], object]) -> None:
        """Let something happen at a time, also while a run of the watch waits."""
        self._events.append((self.now + seconds, do))
        self._events.sort(key=lambda event: event[0])

    def advance(self, seconds: float) -> None:
        """Let time pass: the mapping polls each second, the watch runs each minute."""
        end = self.now + seconds
        while self.now < end:
            while self._events and self._events[0][0] <= self.now:
                self._events.pop(0)[1]()
            polls = self.functions.gives("search") and any(self.queue.depth())
            upto = min(end, self._next_watch if self.watching else end)
            upto = min(upto, self._events[0][0]) if self._events else upto
            self.now = min(upto, self.now + 1) if polls else upto
            if polls:
                self._poll()
            if self.watching and self.now >= self._next_watch:
                self._next_watch += self.watch_every
                self.watch()

    def days(self, days: float) -> None:
        """Let days pass. The watch runs each ten minutes: its runs are alike, and half the work."""
        every, self.watch_every = self.watch_every, 600.0
        self.advance(days * DAY)
        self.watch_every = every

    def watch(self) -> None:
        """One run of the watch; while it waits, the rest goes on."""
        lately = [failed for at, failed in self.runs if at > self.now - 180]
        self.parts.observation.of["search"] = msgspec.structs.replace(
            self.parts.observation.of["search"], runs=len(lately), errors=sum(lately)
        )
        ends = self.now + 60
        watching, self.watching = self.watching, False
        watch(
            WatchSetup(
                self.parts,
                lambda _dimension, _value, figures: self.figures.update(figures),
                f"run {self.now}",
                lambda: ends - self.now,
                self.clock,
                self._sleep,
                start_slice=lambda job: None,
            )
        )
        self._probes()
        self.watching = watching
        self._notice()

    def settle(self, seconds: float = 3 * 3600.0) -> None:
        """Let time pass until nothing waits any more and the gate is open."""
        end = self.now + seconds
        while any(self.queue.depth()) or not self.gate.is_open:
            assert self.now < end, f"does not settle: {self.gate}, {self.queue.depth()}"
            self.advance(5)

    def prices(self) -> dict[str, Any]:
        return {id: body["price"] for id, body in self.world.documents(ALIAS).items()}

    def _sleep(self, seconds: float) -> None:
        self._probes()
        self._notice()
        self.advance(seconds)

    def _poll(self) -> None:
        for _ in range(self.busy):
            batch = self.queue.receive()
            if not batch:
                return
            self.most_receives = max(self.most_receives, *(one.attempt for one in batch))
            self.runs.append((self.now, self.crashes))
            if self.crashes:
                continue  # the messages return when their visibility time-out is over
            try:
                done = self.runtime().handle(batch, lambda: TIME_OUT)
            except Killed:
                self.runs[-1] = self.now, True
                continue
            self.figures.update(done.figures(now_ms=int(self.now * 1000)))
            failed = set(done.failed)
            self.queue.delete([one.receipt_handle for one in batch if one.message_id not in failed])
            self._notice()

    def _probes(self) -> None:
        """The probes that were started since; Lambda starts some of them twice."""
        for _, event in self.functions.started[self.started :]:
            self.started += 1
            for _ in range(self.dice.choice((1, 1, 2))):
                if self.crashes:
                    continue
                try:
                    self._probing_process().probe(int(str(event["version"])), lambda: TIME_OUT)
                except Killed:
                    self._probing = None
        self._notice()

    def _probing_process(self) -> Consume:
        """A process of the function that is up; Lambda replaces it now and then."""
        if self._probing is None or self._probes_of_process >= PROBES_OF_A_PROCESS:
            self._probing, self._probes_of_process = self.runtime(), 0
        self._probes_of_process += 1
        return self._probing

    def _notice(self) -> None:
        if self.gate.is_open != self._open:
            self._open = self.gate.is_open
            (self.opened if self._open else self.closed).append(self.now - self.began)
