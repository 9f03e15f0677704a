"""Whatever happens to relays (long: one world): nothing is lost or out of order, no number given
twice. And the machine that says so notices mistakes.
"""

import logging
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from shared.domain.message_packing import Parcel
from shared.domain.publish_queue import PublishQueue
from shared.flows.relay.reading import turns
from shared.flows.relay.reading.reader import Reader
from shared.flows.relay.reading.turns import Turns
from shared.flows.relay.sharing import succession
from shared.flows.relay.sharing.catching_up import empty_handed, take_over
from shared.flows.relay.sharing.table_share import TableShare
from shared.values.capture_configuration import CaptureConfiguration
from shared.values.checkpoint import Checkpoint, Release
from shared.values.relay_lease import Holding
from tests.tier import ONLY_SOAK, SEED, TIER
from tests.worlds.relay.machines import WorldMachine, require_noticed, run
from tests.worlds.relay.simulated import SimulatedChange
from tests.worlds.relay.world import CONFIGURATIONS, TABLES, RelayWorld

STEPS = {"done": 0}

operations = st.tuples(
    st.sampled_from("abc"), st.integers(0, 3), st.sampled_from(["c", "u", "d", "moved"])
)


def operation(name: str, key: int, what: str) -> SimulatedChange:
    table, row = TABLES[name], {"id": key, "seller": 1}
    match what:
        case "c":
            return table, "c", None, row
        case "d":
            return table, "d", row, None
        case "moved":
            return table, "u", row, {"id": key + 4, "seller": 1}
    return table, "u", row, {"id": key, "seller": 2}


logging.getLogger("rowline.relay").setLevel(logging.ERROR)


class RelayMachine(WorldMachine):
    """`work` carries most steps: a script of small ones, each by one of the relays that live."""

    def __init__(self) -> None:
        super().__init__()
        self.world = RelayWorld()

    @rule(ops=st.lists(operations, min_size=1, max_size=9))
    def commit(self, ops: list[Any]) -> None:
        self.world.commit([operation(*each) for each in ops])

    @rule(manner=st.sampled_from(["leave", "take"]), which=st.integers(0, 1))
    def start(self, manner: Any, which: int) -> None:
        self.world.start(manner, which)

    @rule(which=st.integers(0, 3))
    def crash(self, which: int) -> None:
        living = [relay for relay in self.world.relays if relay.alive]
        if living:
            living[which % len(living)].alive = False

    @rule(seconds=st.sampled_from([0.1, 0.5, 3.0, 7.0, 30.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.now += seconds

    @rule(configuration=st.sampled_from(CONFIGURATIONS))
    def configure(self, configuration: Any) -> None:
        self.world.configuration = configuration

    @rule(missing=st.integers(0, 2))
    def fail_over(self, missing: int) -> None:
        self.world.fail_over(missing)

    @rule(cut=st.integers(1, 2))
    def source_away(self, cut: int) -> None:
        self.world.server.unavailable = cut

    @rule(which=st.integers(0, 1))
    def raise_epoch(self, which: int) -> None:
        stream = list(self.world.segments)[which]
        _, checkpoint = self.world.streams.load(stream)
        self.world.streams.ask(stream, raise_epoch=checkpoint.epoch if checkpoint else 2)

    @rule(script=st.binary(min_size=20, max_size=90))
    def work(self, script: bytes) -> None:
        for byte in script:
            STEPS["done"] += 1
            self.step(byte)

    def step(self, byte: int) -> None:
        world = self.world
        world.now += 0.05
        what, which = byte & 7, byte >> 3
        if what in (6, 7):
            if world.requests:
                request = world.requests[which % len(world.requests)]
                if what == 6:
                    world.arrive(
                        request,
                        [which * 7 >> number & 1 == 0 for number in range(len(request.parcels))],
                    )
                elif request.relay.alive or which & 1:
                    world.answer(
                        request,
                        [which * 5 >> number & 1 == 1 for number in range(len(request.parcels))],
                    )
            return
        living = [relay for relay in world.relays if relay.alive]
        if len(living) < len(world.configuration):
            world.start("leave", which)
            return
        relay = living[which % len(living)]
        if relay.outbox is None:
            relay.wait()
        elif what in (0, 1, 2):
            relay.read()
        elif what in (3, 4):
            relay.publish()
        elif which == 31:
            relay.release()
        else:
            relay.keep()

    def teardown(self) -> None:
        self.world.settle()


@pytest.mark.soak
def test_nothing_is_lost_or_out_of_order() -> None:
    STEPS["done"] = 0
    run(RelayMachine, TIER.relay_runs, steps=60, number=SEED)
    assert STEPS["done"] >= 100 * TIER.relay_runs


def checkpoint_before_acknowledgement(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(PublishQueue, "low", lambda self: None)


def retry_without_holding_the_group(patch: pytest.MonkeyPatch) -> None:
    settle = PublishQueue.settle

    def loose(
        self: PublishQueue, parcels: list[Parcel], fates: list[str | None], now: float
    ) -> None:
        for parcel in parcels:
            self._groups.setdefault(parcel.entry.group, parcel.group)
        settle(self, parcels, fates, now)
        for parcel, fate in zip(parcels, fates, strict=True):
            if fate and parcel.group.waiting:
                parcel.group.parcel = None
                self._ready[parcel.entry.group] = parcel.group

    patch.setattr(PublishQueue, "settle", loose)


def epoch_not_raised(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Turns, "new_epoch", lambda self, point: point)


def configuration_applied_too_early(patch: pytest.MonkeyPatch) -> None:
    opened = Reader._open

    def early(self: Reader) -> None:
        point, wanted = self._outbox.resume(), self._wanting.now.capture.text()
        if point and point.capture != wanted:
            self._checkpoints.turn(msgspec.structs.replace(point, capture=wanted))
        opened(self)

    patch.setattr(Reader, "_open", early)


def moved_table_read_from_the_own_position(patch: pytest.MonkeyPatch) -> None:
    def here(point: Checkpoint, taken: dict[str, Holding], floor: int = 0) -> Checkpoint:
        return take_over(
            point,
            {
                name: msgspec.structs.replace(each, position=point.position)
                for name, each in taken.items()
            },
            floor,
        )

    patch.setattr(turns, "take_over", here)


def moved_table_not_waited_for(patch: pytest.MonkeyPatch) -> None:
    claim = TableShare._claim

    def seize(self: TableShare, tables: dict[str, Holding], captured: set[str]) -> None:
        for name in self.stanza.tables:
            if name in tables and name not in captured:
                tables[name] = msgspec.structs.replace(tables[name], free=True)
        claim(self, tables, captured)

    patch.setattr(TableShare, "_claim", seize)


def moved_table_numbered_below_the_former_stream(patch: pytest.MonkeyPatch) -> None:
    def low(point: Checkpoint, taken: dict[str, Holding], floor: int = 0) -> Checkpoint:
        return take_over(
            point,
            {name: msgspec.structs.replace(each, epoch=0) for name, each in taken.items()},
            floor,
        )

    patch.setattr(turns, "take_over", low)


def table_given_up_before_the_checkpoint_without_it(patch: pytest.MonkeyPatch) -> None:
    look = TableShare.look

    def early(self: TableShare, point: Checkpoint | None) -> CaptureConfiguration:
        wanted = look(self, point)
        if point and point.tables - wanted.tables.keys():
            given_up = msgspec.structs.replace(
                point, capture=wanted.text(), released=self.released(point, wanted)
            )
            look(self, given_up)
        return wanted

    patch.setattr(TableShare, "look", early)


def stream_ended_where_it_had_read_to(patch: pytest.MonkeyPatch) -> None:
    def further(point: Checkpoint, released: tuple[Release, ...]) -> Checkpoint:
        return empty_handed(
            point, tuple(msgspec.structs.replace(each, position=point.read_to) for each in released)
        )

    patch.setattr(succession, "empty_handed", further)


@pytest.mark.soak
@ONLY_SOAK
@pytest.mark.parametrize(
    "mutant",
    [
        checkpoint_before_acknowledgement,
        retry_without_holding_the_group,
        epoch_not_raised,
        configuration_applied_too_early,
        moved_table_read_from_the_own_position,
        moved_table_not_waited_for,
        moved_table_numbered_below_the_former_stream,
        table_given_up_before_the_checkpoint_without_it,
        stream_ended_where_it_had_read_to,
    ],
)
def test_a_planted_mistake_is_noticed(
    mutant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant(monkeypatch)
    require_noticed(RelayMachine, steps=60)
