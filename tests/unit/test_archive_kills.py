"""From the queue to the table: whatever is killed or comes twice, each change is there once."""

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from shared.domain.archive_ledger import Ledger
from shared.flows.archive.auditing import audit
from shared.flows.archive.committing import Committer
from tests.tier import SEED, TIER
from tests.worlds.archive_world import STREAM
from tests.worlds.drain_world import VISIBILITY, DrainWorld
from tests.worlds.killed import Killed
from tests.worlds.twins.lake import MemoryLake


class Mortal:
    """Another thing; a call of it may end the process, before or after it takes effect."""

    def __init__(self, inner: Any, ends: Callable[[], bool]) -> None:
        self._inner, self._ends = inner, ends

    def __getattr__(self, name: str) -> Any:
        called = getattr(self._inner, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            if self._ends():
                raise Killed
            result = called(*args, **kwargs)
            if self._ends():
                raise Killed
            return result

        return call


class ArchivedHere:
    """A queue, a landing and a table, whose runs end at random.

    share: of the calls, those that end the process. kills: how many did.
    """

    def __init__(self, dice: random.Random, share: float) -> None:
        self.dice, self.share, self.kills = dice, share, 0
        self.world, self.lake = DrainWorld(), MemoryLake()

    def _ends(self) -> bool:
        ends = self.dice.random() < self.share
        self.kills += ends
        return ends

    def _mortal(self, inner: Any) -> Mortal:
        return Mortal(inner, self._ends)

    def minute(self) -> None:
        """A drain and a commit, and now and then an object that comes once more."""
        with suppress(Killed):
            self.world.drain(self._mortal)
        landed = self.world.landing.objects
        for name in [name for name in landed if self.dice.random() < 0.2]:
            landed[f"again-{self.dice.random()}"] = landed[name]
        with suppress(Killed):
            landing, lake = self._mortal(self.world.landing), self._mortal(self.lake)
            Committer(landing, lake, lambda: 0).run(lambda: 300)
        self.world.now += 60

    def run(self, messages: int, changes: int) -> None:
        """Send so many messages a few at a time, and live on until all is quiet."""
        left = messages
        while left > 0:
            some = min(left, self.dice.randint(1, max(2, messages // 8)))
            left -= some
            self.world.send(some, groups=self.dice.randint(1, 40), dice=self.dice, changes=changes)
            self.minute()
        self.share = 0.0
        while self.world.queue.depth() != (0, 0) or self.world.landing.objects:
            self.world.now += VISIBILITY
            self.minute()

    def ids(self) -> list[str]:
        return [id for batch in self.lake.scan(["id"]) for id in batch.column("id").to_pylist()]


@pytest.mark.soak
def test_each_change_is_in_the_table_once_whatever_is_killed_between_queue_and_commit() -> None:
    kills = 0
    for number in range(TIER.archive_runs // 3):
        dice = random.Random(SEED * 104_729 + number)
        archived = ArchivedHere(dice, dice.choice([0.02, 0.1, 0.3]))
        archived.run(dice.randint(5, 60), dice.randint(1, 9))
        kills += archived.kills
        ids, sent = archived.ids(), archived.world.numbers
        assert len(ids) == len(set(ids)) == sent, number
        assert Ledger.decode(archived.lake.head().ledger).count() == sent
        (found,) = audit(archived.lake, archived.world.state, (STREAM,))
        assert (found.complete, found.through) == (True, sent), number
    assert kills > 0
