"""What the archive's function does with snapshots when it is asked, and how it answers."""

from collections.abc import Callable

import msgspec

from shared.flows.snapshots.snapshot_setup import SnapshotSetup
from shared.flows.snapshots.tending import tend
from shared.flows.snapshots.verifying import verify
from shared.values.plain_answer import PlainAnswer, plain_answer


def _list(setup: SnapshotSetup, _event: PlainAnswer) -> PlainAnswer:
    waiting = [each.id for each in setup.store.readouts()]
    return {"snapshots": msgspec.to_builtins(setup.store.all()), "waiting": waiting}


def _tend(setup: SnapshotSetup, _event: PlainAnswer) -> PlainAnswer:
    return plain_answer(tend(setup))


def _verify(setup: SnapshotSetup, event: PlainAnswer) -> PlainAnswer:
    found = verify(setup, str(event.get("id", "")), int(event.get("next", 0)))
    return plain_answer(found)


WORK: dict[str, Callable[[SnapshotSetup, PlainAnswer], PlainAnswer]] = {
    "snapshots": _tend,
    "snapshot-list": _list,
    "snapshot-verify": _verify,
}
"""By the `do` of an event."""
