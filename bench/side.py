"""Side: one run of one side of a comparison, and how the sides of several rounds compare."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class BenchSide:
    """One run of one side.

    wall: Seconds.
    cpu: Seconds of processor time of the side itself, all processes and threads.
    server_cpu: Those of Elasticsearch meanwhile.
    """

    wall: float
    cpu: float
    server_cpu: float


def in_turn(
    rounds: int, ours: Callable[[int], BenchSide], theirs: Callable[[int], BenchSide]
) -> tuple[list[BenchSide], list[BenchSide]]:
    """Run both sides by turns, each with the number of the round.

    A first round warms Elasticsearch up and does not count. It gets faster for minutes after that,
    so the sides take turns at being the first one of a round too.
    """
    own: list[BenchSide] = []
    other: list[BenchSide] = []
    for number in range(rounds + 1):
        sides = [(own, ours), (other, theirs)]
        for found, run in sides if number % 2 else reversed(sides):
            found.append(run(number))
    return own[1:], other[1:]


def documents_per_second(amount: int, sides: Sequence[BenchSide]) -> float:
    """Of the median of the rounds."""
    return amount / median(each.wall for each in sides)


def speed_ratio(ours: Sequence[BenchSide], theirs: Sequence[BenchSide]) -> float:
    """How many times as fast ours is, of each round: the machine may be busier in one of them."""
    return median(other.wall / own.wall for own, other in zip(ours, theirs, strict=True))
