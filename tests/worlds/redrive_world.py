"""A consumer at its queue, and redrives of what it has parked."""

from collections.abc import Callable
from typing import Any

from shared.adapters.topic.contract import Entry
from shared.domain.parked_where import ParkedWhere
from shared.domain.polling import Polling
from shared.flows.consume.consume import Consume
from shared.flows.jobs.redrive_and_replay_rate import RATE
from shared.flows.redrive.redrive import Redrive
from shared.flows.redrive.redrive_report import RedriveReport
from shared.flows.redrive.redrive_setup import RedriveSetup
from shared.values.change import Change
from shared.values.redrive_command import RedriveAction
from shared.values.settings import ConsumerSettings
from tests.worlds.consumer_world import ALIAS, ConsumerWorld, delivery
from tests.worlds.twins.queue import MemoryQueue

BAD = {"not": "a number"}
"""A price that the mapping of the index refuses."""


class RedriveWorld(ConsumerWorld):
    """Time passes only where somebody waits; then the consumer's function works."""

    def __init__(
        self,
        consumer: ConsumerSettings | None = None,
        wrap: Callable[[Any], Any] = lambda twin: twin,
    ) -> None:
        self.now = 1_800_000_000.0
        self.waits: list[Callable[[], None]] = []
        self.drains: list[float] = []
        super().__init__(consumer, wrap)
        self.queue = MemoryQueue(lambda: self.now)  # type: ignore[assignment]
        self.consume = self.cold_start()

    def cold_start(self) -> Consume:
        made = super().cold_start()
        made._clock = made._parking._clock = lambda: self.now
        made._redriving._outcomes._clock = lambda: self.now
        made._redriving._guard._clock = lambda: self.now
        made._parking.budget._clock = lambda: self.now
        self.state.parked.clock = lambda: self.now  # type: ignore[attr-defined]
        return made

    def publish(self, *changes: Change, group: str = "g") -> None:
        """Send changes as one message of the live lane."""
        one = delivery(changes, group)
        entry = Entry(one.body, group, one.deduplication_id, one.attributes)
        assert self.queue.send([entry]) == [None]

    def work(self) -> None:
        """Receive once, and handle what came."""
        batch = self.queue.receive()
        if not batch:
            return
        failed = set(self.consume.handle(batch, lambda: 60.0).failed)
        self.queue.delete([one.receipt_handle for one in batch if one.message_id not in failed])

    def drain(self, seconds: int = 600) -> None:
        """Work until the queue is empty."""
        for _ in range(seconds):
            self.work()
            if self.queue.depth() == (0, 0):
                return
            self.now += 1
        raise AssertionError(f"the queue still holds {self.queue.depth()}")

    def drain_some(self, seconds: int) -> None:
        """Work for a while, whatever is left then."""
        for _ in range(seconds):
            self.work()
            self.now += 1

    def wait(self, seconds: float) -> None:
        self.now += seconds
        if self.waits:
            self.waits.pop(0)()
        self.work()

    def redrive(
        self, where: str = "", action: RedriveAction = "apply", rate: float = RATE
    ) -> RedriveReport:
        """Run a redrive to its end."""
        return self.redriving().run(ParkedWhere.parse(where, self.now), action, rate)

    def redriving(self) -> Redrive:
        """A redrive by a new process."""
        setup = RedriveSetup(
            self.settings,
            self.state,
            self.claims,
            self.queue,
            by="ann",
            polling=Polling(lambda: self.now, self.wait),
            now_ms=lambda: int(self.now * 1000),
            start_drain=lambda: self.drains.append(self.now),
        )
        return Redrive(setup)

    def fix_the_mapping(self) -> None:
        """What was refused is accepted from now on."""
        self.search.definitions[ALIAS]["mappings"]["properties"]["price"] = {"type": "object"}

    def nothing_is_left(self) -> bool:
        """Neither parked changes, nor rows, nor flags."""
        rows = self.state.parked._rows.get("search", {})  # type: ignore[attr-defined]
        return not self.parked() and not rows and not self.state.parked.flags("search")
