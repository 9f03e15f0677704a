"""What the watch reads in a minute stays bounded, however much is parked."""

from dataclasses import replace

from shared.flows.watch.alarm_figures import emit_figures
from shared.flows.watch.leftover_row_removal import remove_leftover_items
from shared.values.parked_change import RowItem
from shared.values.pulse import Memory
from tests.unit.test_watch import WatchWorld
from tests.worlds.consumer_world import parked_change


def test_counting_what_is_parked_costs_a_bounded_number_of_requests_a_minute() -> None:
    world, requests, memory = WatchWorld(), [], Memory()
    parked = world.parts.state.parked
    for n in range(40):  # 14 pages of the twin
        parked.add("search", parked_change(f"c{n}", n), "body")
    real = parked.count_some

    def count_some(consumer: str, after: str = "") -> tuple[int, str]:
        requests.append(consumer)
        return real(consumer, after)

    parked.count_some = count_some  # type: ignore[method-assign]
    parked.all = None  # type: ignore[assignment] # decoding them all is what must not happen
    seen = []
    for _ in range(5):
        emit_figures(replace(world.setup(), memory=memory))
        assert requests.count("search") <= 4
        requests.clear()
        seen.append(world.figures["consumer", "search"]["ParkedChanges"])
        world.spend(60)
    assert seen[0] > 0
    assert seen[3:] == [40.0, 40.0]
    parked.remove("search", [parked_change(f"c{n}", n) for n in range(40)])
    for _ in range(2):
        emit_figures(replace(world.setup(), memory=memory))
    assert world.figures["consumer", "search"]["ParkedChanges"] == 0.0


def test_looking_for_empty_rows_reads_a_bounded_number_of_items_a_minute() -> None:
    world, memory, read = WatchWorld(), Memory(), []
    world.now = 1_700_000_100.0  # no first minute of an hour
    parked = world.parts.state.parked
    parked.clock = lambda: world.now  # type: ignore[attr-defined]
    groups, each = 50, 100
    for n in range(groups):
        group = f"t-{n:02}"
        parked.flag("search", [group])
        held = [RowItem(group, f"r{row}", holds=row > 0) for row in range(each)]
        parked.put_rows("search", held)
        for row in range(1, each):
            parked.add("search", parked_change(f"{group}/{row}", row, group, f"r{row}"), "body")
    real = parked.rows_of

    def rows_of(consumer: str, group: str) -> list[RowItem]:
        read.append(group)
        return real(consumer, group)

    parked.rows_of = rows_of  # type: ignore[method-assign]
    world.spend(1_800)
    looked = set[str]()
    for _ in range(6):
        remove_leftover_items(replace(world.setup(), memory=memory))
        assert len(set(read)) <= 21, "2,000 items are 10 to 20 groups"
        looked |= set(read)
        read.clear()
        world.spend(60)
    assert len(looked) == groups
    assert len(real("search", "t-49")) == each - 1, "the row without a change is gone"
