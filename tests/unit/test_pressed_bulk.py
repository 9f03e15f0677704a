"""An overloaded Elasticsearch takes some writes of each request, and rejects the others."""

import random
from collections.abc import Callable, Sequence

from shared.adapters.search.bulk_item_error import result_of_item
from shared.adapters.search.contract import Action, Result
from shared.flows.consume.sinks.elasticsearch.pressed_bulk import FRUITLESS_ROUNDS, PressedBulk
from tests.worlds.consumer_world import ConsumerWorld, change, delivery
from tests.worlds.twins.search import MemorySearch

FULL = result_of_item({"status": 429, "error": {"type": "es_rejected_execution_exception"}})
DOWN = result_of_item({"status": 503, "error": {"type": "unavailable_shards_exception"}})


class Pressed(MemorySearch):
    """Takes what `takes` says, by the number of the request and the place in it."""

    def __init__(self, takes: Callable[[int, int], bool], otherwise: Result = FULL) -> None:
        super().__init__()
        self.takes, self.otherwise = takes, otherwise
        self.requests: list[int] = []

    def bulk(self, actions: Sequence[Action]) -> list[Result]:
        number = len(self.requests)
        self.requests.append(len(actions))
        taken = [self.takes(number, at) for at in range(len(actions))]
        some = [one for one, take in zip(actions, taken, strict=True) if take]
        results = iter(super().bulk(some))
        return [next(results) if take else self.otherwise for take in taken]


def send(search: Pressed, may_go_on: Callable[[], bool] = lambda: True) -> list[str]:
    search.ensure_index("items", {})
    actions = [Action("items", str(id), 1, {"id": id}) for id in range(4)]
    results = PressedBulk(search, lambda seconds: None).send(actions, may_go_on)
    return [result.kind for result in results]


def test_only_what_was_rejected_is_sent_again_until_it_is_taken() -> None:
    search = Pressed(lambda number, at: number > 1 or at == 0)
    assert send(search) == ["applied"] * 4
    assert search.requests == [4, 3, 2]


def test_a_request_of_which_nothing_was_taken_is_not_repeated() -> None:
    search = Pressed(lambda number, at: False)
    assert send(search) == ["transient"] * 4
    assert search.requests == [4]


def test_rounds_that_take_nothing_end_it() -> None:
    search = Pressed(lambda number, at: number == 0 and at == 0)
    assert send(search) == ["applied", *["transient"] * 3]
    assert search.requests == [4, *[3] * FRUITLESS_ROUNDS]


def test_what_fails_for_another_reason_is_left_to_the_queue() -> None:
    search = Pressed(lambda number, at: at == 0, DOWN)
    assert send(search) == ["applied", *["transient"] * 3]
    assert search.requests == [4]


def test_no_round_begins_without_time() -> None:
    search = Pressed(lambda number, at: at == 0)
    assert send(search, lambda: False) == ["applied", *["transient"] * 3]
    assert search.requests == [4]


def test_half_of_everything_rejected_delays_long_messages_and_fails_none() -> None:
    dice = random.Random(5)
    search = Pressed(lambda number, at: dice.random() < 0.5)
    world = ConsumerWorld(wrap=lambda twin: search if isinstance(twin, MemorySearch) else twin)
    batch = [
        delivery([change(seq, "c", seq, price=seq) for seq in range(n * 40, n * 40 + 40)], f"g{n}")
        for n in range(1, 6)
    ]
    done = world.handle(*batch)
    assert (done.failed, done.applied, world.parked()) == ([], 200, [])
    assert len(search.requests) < 20
    assert 0 < sum(world.slept) < 20
