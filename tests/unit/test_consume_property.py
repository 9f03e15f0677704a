"""Whatever happens to deliveries (long: one machine), the index ends as the source, every change is
counted once.

A simulated source, its FIFO queue and a backfill drive the consumer over the twins. Any call to the
outside may be the last of a process, or come to nothing although it worked; messages come again at
once or much later, or twice at the same time; deletions are forgotten.
"""

from collections import defaultdict
from collections.abc import Callable
from itertools import chain, repeat
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from shared.adapters.search.contract import Action, Result
from shared.values.change import Change
from shared.values.delivery import Delivery
from shared.values.errors import SearchUnavailable
from shared.values.job import Job
from shared.values.parked_change import ParkedChange
from shared.values.redrive_command import RedriveAction, RedriveCommand, is_command
from shared.values.redrive_work import RedriveWork
from shared.values.row_key import row_of
from tests.tier import TIER
from tests.worlds.consumer_world import ALIAS, ConsumerWorld, change, delivery
from tests.worlds.killed import Killed
from tests.worlds.twins.search import MemorySearch
from tests.worlds.twins.state import begin_fill, end_fill

KEYS = range(6)
GROUPS = ("g0", "g1")
BAD = {"not": "a number"}
"""Refused while the mapping has a number there."""


def group_of(key: int) -> str:
    return GROUPS[key % len(GROUPS)]


OF_SEARCH = ("down", "half", "lost")
"""Faults of Elasticsearch: they happen at the next call to it."""


class CallFault:
    """What happens at the `at`-th call to the outside of one batch."""

    def __init__(self) -> None:
        self.at, self.kind, self.calls, self.shift = 0, "", 0, 0
        self.meanwhile: Callable[[], None] = lambda: None

    def plan(self, at: int, kind: str, meanwhile: Callable[[], None]) -> None:
        self.at, self.kind, self.calls, self.meanwhile = at, kind, 0, meanwhile

    def call(self, twin: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        kind = self.kind if self._is_now(twin, name) else ""
        method = getattr(twin, name)
        if kind == "killed before":
            raise Killed
        if kind in ("meanwhile", "run begins"):
            self.kind = ""
            self.meanwhile()
        if isinstance(twin, MemorySearch):
            if kind == "down":
                raise SearchUnavailable("is down.")
            if kind == "half" and name == "bulk":
                return self._half(method, *args)
        answer = method(*args, **kwargs)
        if kind == "killed after":
            raise Killed
        if kind == "lost" and isinstance(twin, MemorySearch):
            raise SearchUnavailable("timed out.")
        return answer

    def _is_now(self, twin: Any, name: str) -> bool:
        if self.kind not in OF_SEARCH:
            return self.calls == self.at
        is_meant = isinstance(twin, MemorySearch) and (self.kind != "half" or name == "bulk")
        if self.at and self.calls >= self.at and is_meant:
            self.at, self.shift = 0, self.at
            return True
        return False

    def _half(
        self, bulk: Callable[[list[Action]], list[Result]], actions: list[Action]
    ) -> list[Result]:
        """Every second item is rejected, or applied although its answer says that it was not."""
        fates = [(at + self.shift) % 4 for at in range(len(actions))]
        taken = [action for action, fate in zip(actions, fates, strict=True) if fate != 1]
        answers = iter(bulk(taken))
        return [
            Result("transient", "rejected")
            if fate == 1
            else (next(answers), Result("transient", "lost"))[fate == 3]
            for fate in fates
        ]


class Between:
    def __init__(self, twin: Any, fault: CallFault) -> None:
        self._twin, self._fault = twin, fault

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: self._fault.call(self._twin, name, *args, **kwargs)


class PatientWorld(ConsumerWorld):
    """Any share of the changes may be refused."""

    least_rows = 1 << 30


class ConsumerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.fault = CallFault()
        self.world = PatientWorld(wrap=lambda twin: Between(twin, self.fault))
        self.log: list[Change] = []  # every change of the source, by seq
        self.published = 0
        self.queues: dict[str, list[Delivery]] = defaultdict(list)
        self.gone: list[Delivery] = []  # deleted from the queue
        self.unsent: list[Delivery] = []
        self.backfilled = 0
        self.runs = 0
        self.commands = self.again = 0

    @initialize()
    def some_rows(self) -> None:
        for key in KEYS:
            self.write(key, 1)

    # The source

    @rule(key=st.sampled_from(KEYS), value=st.integers(0, 9))
    def write(self, key: int, value: int) -> None:
        op = "u" if self.row(key, self.log) else "c"
        self.log.append(change(len(self.log) + 1, op, key, price=BAD if value > 6 else value))

    @rule(key=st.sampled_from(KEYS))
    def delete(self, key: int) -> None:
        if row := self.row(key, self.log):
            self.log.append(change(len(self.log) + 1, "d", key, price=row["price"]))

    @rule()
    def truncate(self) -> None:
        for shard in range(len(GROUPS)):
            self.log.append(change(len(self.log) + 1, "t", shard))

    @rule(size=st.integers(1, 4))
    def publish(self, size: int) -> None:
        """All that is not published yet, as messages of up to `size` changes of one group."""
        for group in GROUPS:
            mine = [one for one in self.log[self.published :] if self.group(one) == group]
            self.queues[group] += [
                delivery(mine[at : at + size], group) for at in range(0, len(mine), size)
            ]
        self.published = len(self.log)

    @rule(group=st.sampled_from(GROUPS), back=st.integers(1, 5))
    def publish_again(self, group: str, back: int) -> None:
        """The relay crashed before its checkpoint moved: the same changes again, packed in another
        way, right behind what was published.
        """
        mine = [one for one in self.log[: self.published] if self.group(one) == group][-back:]
        if mine and not any(one.attributes["lane"] == "backfill" for one in self.queues[group]):
            self.again += 1
            once_more = msgspec.structs.replace(
                delivery(mine, group), message_id=f"again-{self.again}"
            )
            self.queues[group].append(once_more)

    # The backfill

    @precondition(lambda self: self.run_id() == "")
    @rule(read_at_once=st.booleans())
    def begin_run(self, read_at_once: bool) -> None:
        self.runs += 1
        begin_fill(self.world.state, f"run-{self.runs}")
        self.backfilled = 0
        if read_at_once:
            self.read_rows()

    @precondition(lambda self: self.run_id() != "" and not self.backfilled)
    @rule()
    def read_rows(self) -> None:
        self.read(self.published, self.log)

    def read(self, watermark: int, view: list[Change]) -> None:
        """Rows as they stand in a view that holds all up to the watermark, perhaps more."""
        for group in GROUPS:
            rows = [row for key in KEYS if group_of(key) == group and (row := self.row(key, view))]
            if rows:
                reads = [change(watermark, "r", **row) for row in rows]
                self.unsent.append(
                    delivery(
                        [self.with_id(one) for one in reads],
                        group,
                        lane="backfill",
                        run=self.run_id(),
                    )
                )
        self.backfilled = len(self.unsent)

    @precondition(lambda self: self.unsent)
    @rule(group=st.sampled_from(GROUPS))
    def send_rows(self, group: str) -> None:
        for one in [one for one in self.unsent if one.group == group]:
            self.queues[group].append(one)
            self.unsent.remove(one)

    @precondition(
        lambda self: self.backfilled and self.world.done(self.run_id()) == self.backfilled
    )
    @rule()
    def end_run(self) -> None:
        end_fill(self.world.state)
        self.backfilled = 0

    # The queue

    @rule(
        take=st.fixed_dictionaries({group: st.integers(0, 9) for group in GROUPS}),
        at=st.integers(1, 12),
        kind=st.sampled_from(
            [
                "",
                "",
                "",
                "killed before",
                "killed after",
                "lost",
                "down",
                "half",
                "meanwhile",
                "run begins",
            ]
        ),
        same=st.booleans(),
        requests=st.sampled_from([99, 99, 0, 1, 2]),
        publish=st.booleans(),
    )
    def deliver(
        self, take: dict[str, int], at: int, kind: str, same: bool, requests: int, publish: bool
    ) -> None:
        if publish:
            self.publish(2)
        batch = [one for group, count in take.items() for one in self.queues[group][:count]]
        others = [one for group in GROUPS if take[group] == 0 for one in self.queues[group][:3]]

        def meanwhile() -> None:
            """Another process handles the same messages (their visibility time-out was over), or
            those of other groups.
            """
            self.hand_over(self.world.cold_start(), batch if same else others)

        def run_begins() -> None:
            """A backfill begins, and reads what stands behind all that is published."""
            if self.run_id() == "":
                self.begin_run(read_at_once=True)

        self.fault.plan(at, kind, run_begins if kind == "run begins" else meanwhile)
        self.hand_over(self.world.consume, batch, requests)
        self.fault.plan(0, "", meanwhile)

    @rule(which=st.integers(0, 200))
    def deliver_late(self, which: int) -> None:
        """A message that was deleted comes once more, however long ago that was."""
        if self.gone:
            late = self.gone[which % len(self.gone)]
            self.hand_over(self.world.cold_start(), [late])

    @rule()
    def forget_deletions(self) -> None:
        self.world.search.forget_deletions()

    @precondition(lambda self: self.unsent)
    @rule(key=st.sampled_from(KEYS))
    def delete_what_a_run_has_read(self, key: int) -> None:
        """The row that was read arrives after its deletion, which Elasticsearch has forgotten."""
        self.delete_and_forget(key)
        self.send_rows(group_of(key))

    @precondition(lambda self: self.of_former_runs())
    @rule(key=st.sampled_from(KEYS), which=st.integers(0, 99))
    def delete_what_a_former_run_has_sent(self, key: int, which: int) -> None:
        """A message of a run that is over comes again, perhaps while another run is under way."""
        self.delete_and_forget(key)
        some = self.of_former_runs()
        self.hand_over(self.world.cold_start(), [some[which % len(some)]])

    def of_former_runs(self) -> list[Delivery]:
        return [
            one
            for one in self.gone
            if one.attributes["lane"] == "backfill" and one.attributes["run"] != self.run_id()
        ]

    def delete_and_forget(self, key: int) -> None:
        self.delete(key)
        self.publish(2)
        queue = self.queues[group_of(key)]
        if not any(is_command(one.attributes) for one in queue):
            self.hand_over(self.world.consume, queue[:9])
        self.forget_deletions()

    # Parked changes

    @precondition(lambda self: ALIAS in self.world.search.definitions)
    @rule(kind=st.sampled_from(["long", "object"]))
    def change_the_mapping(self, kind: str) -> None:
        """What was refused is accepted from now on, or the other way round."""
        fields = self.world.search.definitions[ALIAS]["mappings"]["properties"]
        fields["price"] = {"type": kind}

    @precondition(lambda self: self.world.parked())
    @rule(
        group=st.sampled_from(GROUPS),
        skip=st.integers(0, 2),
        first=st.booleans(),
        drop=st.booleans(),
    )
    def redrive(self, group: str, skip: int, first: bool, drop: bool) -> None:
        """A command for some parked changes, anywhere in the queue of their group."""
        some = self.world.state.parked.of_group("search", group)[skip:]
        if drop:  # what the source has deleted or changed since may be given up
            some = [one for one in some if self.is_over(one)]
        queue = self.queues[group]
        queue.insert(0 if first else len(queue), self.command(group, some, drop=drop))

    def command(self, group: str, some: list[ParkedChange], *, drop: bool = False) -> Delivery:
        if self.world.state.jobs.current("search", "redrive") is None:
            job = Job("redrive-1", "search", RedriveWork(), token=1, beat=1)
            assert self.world.state.jobs.begin(job)
        rows: dict[str, list[str]] = {}
        for one in some:
            rows.setdefault(one.row, []).append(one.id)
        self.commands += 1
        action: RedriveAction = "drop" if drop else "apply"
        made = RedriveCommand("redrive-1", self.commands, action, group, rows)
        name, marks = f"command-{self.commands}", made.attributes("shop")
        id = made.deduplication_id
        return Delivery(name, f"receipt-{name}", made.encoded(), group, id, 1, marks)

    def is_over(self, parked: ParkedChange) -> bool:
        """Whether a later change of the same row is published."""
        row = parked.row
        return any(
            one.seq > parked.seq and one.op != "t" and row_of(one.key) == row
            for one in self.log[: self.published]
        )

    def hand_over(self, consume: Any, batch: list[Delivery], requests: int = 99) -> None:
        """Invoke the function; its time is over after so many requests to the sink."""
        if not batch:
            return
        clock = chain([60.0], repeat(50.0, requests), repeat(1.0))
        try:
            failed = set(consume.handle(batch, lambda: next(clock)).failed)
        except Killed:
            self.world.consume = self.world.cold_start()
            return
        for one in batch:
            if one.message_id not in failed and one in self.queues[one.group]:
                self.queues[one.group].remove(one)
                self.gone.append(one)

    # What must hold

    def teardown(self) -> None:
        self.fault.plan(0, "", lambda: None)
        self.publish(3)
        for group in GROUPS:
            self.send_rows(group)
            while self.queues[group]:
                before = len(self.queues[group])
                self.hand_over(self.world.consume, self.queues[group][:3])
                assert len(self.queues[group]) < before, "the queue does not drain"
        self.all_is_redriven()
        assert {id: body["price"] for id, body in self.world.documents().items()} == self.expected()
        for group in GROUPS:
            mine = [one.seq for one in self.log if self.group(one) == group]
            assert self.world.mark(group) == (mine[-1] if mine else 0, len(mine))
        if self.backfilled:
            assert self.world.done(self.run_id()) == self.backfilled

    def all_is_redriven(self) -> None:
        """The mapping accepts everything now; each group gets a command for all of its rows."""
        for parked in self.world.parked():
            change = self.world.payload(parked).changes[0]
            assert change.after is not None
            assert change.after["price"] == BAD, "only what was refused is parked"
            assert parked.error == "document_parsing_exception"
            assert self.world.state.parked.rows("search", [parked.row_id]), "its row has no item"
            assert parked.group in self.world.state.marks.read("search", []).parked
        if ALIAS in self.world.search.definitions:
            self.change_the_mapping("object")
        self.world.search.forget_deletions()
        for group in GROUPS:
            some = self.world.state.parked.of_group("search", group)
            self.queues[group].append(self.command(group, some))
            self.hand_over(self.world.consume, self.queues[group])
            assert self.queues[group] == []
            assert self.world.state.parked.rows_of("search", group) == []
        assert self.world.parked() == []
        assert self.world.state.marks.read("search", []).parked == frozenset()

    def expected(self) -> dict[str, Any]:
        """The last state of each row."""
        return {str(key): row["price"] for key in KEYS if (row := self.row(key, self.log))}

    def row(self, key: int, log: list[Change]) -> dict[str, Any] | None:
        last = next((one for one in reversed(log) if one.op == "t" or one.key == {"id": key}), None)
        return last.after if last else None

    def group(self, one: Change) -> str:
        return self.t_group(one) if one.op == "t" else group_of(one.key["id"])

    def t_group(self, one: Change) -> str:
        """The truncations of one TRUNCATE follow each other, one a group."""
        start = one.seq - 1
        while start > 0 and self.log[start - 1].op == "t":
            start -= 1
        return GROUPS[(one.seq - 1 - start) % len(GROUPS)]

    def run_id(self) -> str:
        run = self.world.state.jobs.current("search", "fill")
        return run.id if run else ""

    def with_id(self, read: Change) -> Change:
        return Change(
            f"run/{self.run_id()}/{read.key['id']}",
            read.seq,
            "r",
            read.ts_ms,
            read.key,
            None,
            read.after,
            read.tx,
        )


ConsumerMachine.TestCase.settings = settings(
    max_examples=TIER.consume_runs,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestConsumer = pytest.mark.soak(ConsumerMachine.TestCase)
