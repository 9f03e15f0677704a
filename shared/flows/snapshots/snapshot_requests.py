"""What the archive's function does with snapshots when it is asked, and how it answers."""

from collections.abc import Callable
from typing import Any

import msgspec

from shared.flows.snapshots.setup import SnapshotSetup
from shared.flows.snapshots.tending import tend
from shared.flows.snapshots.verifying import verify

Answer = dict[str, Any]


def _list(setup: SnapshotSetup, _event: Answer) -> Answer:
    waiting = [each.id for each in setup.store.readouts()]
    return {"snapshots": msgspec.to_builtins(setup.store.all()), "waiting": waiting}


def _tend(setup: SnapshotSetup, _event: Answer) -> Answer:
    return dict(msgspec.to_builtins(tend(setup)))


def _verify(setup: SnapshotSetup, event: Answer) -> Answer:
    found = verify(setup, str(event.get("id", "")), int(event.get("next", 0)))
    return dict(msgspec.to_builtins(found))


WORK: dict[str, Callable[[SnapshotSetup, Answer], Answer]] = {
    "snapshots": _tend,
    "snapshot-list": _list,
    "snapshot-verify": _verify,
}
"""By the `do` of an event."""
