"""Reader: what it tells the outbox beside the changes themselves."""

from typing import Any

import pytest

from shared.values.checkpoint import Checkpoint
from shared.values.errors import StateUnavailable
from shared.values.relay_lease import Lease
from tests.worlds.relay.world import CONFIGURATIONS, SOURCE, TABLES, RelayWorld


def test_how_late_changes_are_is_told_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is late already may wait longer for company (tests/unit/relay/test_publish_queue.py)."""
    world, told = RelayWorld(), list[float]()
    world.commit([(TABLES["a"], "c", None, {"id": 1, "seller": 1})])
    world.start("take")
    (relay,) = world.relays
    relay.wait()
    assert relay.outbox
    add = relay.outbox.add

    def record(packed: Any, now: float, late: float) -> None:
        told.append(late)
        add(packed, now, late)

    monkeypatch.setattr(relay.outbox, "add", record)
    # the simulated transaction is committed at 0
    monkeypatch.setattr(relay.reader, "_now_ms", lambda: 7_500)
    for _ in range(10):
        relay.read()
    assert told == [7.5]


@pytest.mark.parametrize("kept", [False, True])
def test_a_table_is_captured_from_a_turn_on_that_was_stored_without_an_answer(
    monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    """A backfill that waited for it may have read rows since: their later changes must come."""
    world = RelayWorld()
    world.start("take")
    (first,) = world.relays
    first.wait()
    for _ in range(5):
        first.read()
    first.release()
    world.relays.clear()
    world.configuration = CONFIGURATIONS[1]
    world.start("take")
    (relay,) = world.relays
    relay.wait()
    renew, unanswered = world.streams.renew, list[Checkpoint]()

    def without_answer(stream: str, lease: Lease, checkpoint: Checkpoint | None) -> Lease:
        renewed = renew(stream, lease, checkpoint)
        if checkpoint and "shop.c" in checkpoint.tables and not unanswered:
            unanswered.append(checkpoint)
            raise StateUnavailable("does not answer.", thing="state table")
        return renewed

    monkeypatch.setattr(world.streams, "renew", without_answer)
    world.now += 1
    for _ in range(10):
        if not unanswered:
            relay.read()
    assert unanswered
    if kept:
        relay.keep()
        assert world.streams.load(SOURCE)[1] == unanswered[0]
    world.commit([(TABLES["c"], "c", None, {"id": 1, "seller": 1})])
    for _ in range(10):
        relay.read()
    relay.publish()
    for request in world.requests:
        world.arrive(request, [True] * len(request.parcels))
    assert [change.key for _, change in world.topic.delivered] == [{"id": 1}]
