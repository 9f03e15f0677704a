"""Pressed bulk: sends again the writes of a bulk request that Elasticsearch had no room for.

An overloaded node takes some writes of a request and answers 429 to the others. Whoever sent the
whole message again would, with many changes in it, never see all of them taken at once.
"""

import random
import time
from collections.abc import Callable

from msgspec.structs import replace

from shared.adapters.search.contract import Action, Result, Search

FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0
"""Seconds before the second round, and at most before a later one: each wait doubles."""

FRUITLESS_ROUNDS = 3
"""This many rounds in a row that take nothing are an outage, which the gate handles."""


class PressedBulk:
    """Bulk requests to one cluster. sleep: waits for a number of seconds."""

    def __init__(self, search: Search, sleep: Callable[[float], object] = time.sleep) -> None:
        self._search, self._sleep = search, sleep

    def send(self, actions: list[Action], may_go_on: Callable[[], bool]) -> list[Result]:
        """One result per action, after as many rounds as help and as there is time for.

        A write that a round rejected stays `rejected`, also when a later round takes it.
        may_go_on: whether there is time for another request. Raises what `Search.bulk` raises.
        """
        results = self._search.bulk(actions)
        at_first = rejected = [at for at, result in enumerate(results) if result.rejected]
        wait, fruitless = FIRST_WAIT, 0
        if len(rejected) == len(actions):
            return results
        while rejected and fruitless < FRUITLESS_ROUNDS and may_go_on():
            self._sleep(random.uniform(wait / 2, wait))  # noqa: S311
            if not may_go_on():
                break
            for at, result in zip(
                rejected, self._search.bulk([actions[at] for at in rejected]), strict=True
            ):
                results[at] = result
            left = [at for at in rejected if results[at].rejected]
            fruitless = fruitless + 1 if len(left) == len(rejected) else 0
            rejected, wait = left, min(LONGEST_WAIT, 2 * wait)
        for at in at_first:
            results[at] = replace(results[at], rejected=True)
        return results
