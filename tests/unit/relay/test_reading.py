"""Reader: what it tells the outbox beside the changes themselves."""

from typing import Any

import pytest

from tests.worlds.relay.world import TABLES, World


def test_how_late_changes_are_is_told_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is late already may wait longer for company (tests/unit/relay/test_publish_queue.py)."""
    world, told = World(), list[float]()
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
