"""Who may capture which table of a source: what one relay gives up another takes, from there and
nowhere else.
"""

import msgspec
import pytest

from shared.flows.relay.sharing.catching_up import empty_handed, next_leg, take_over
from shared.flows.relay.sharing.table_share import TableShare
from shared.values.capture_configuration import CaptureConfiguration, read_configuration
from shared.values.checkpoint import Checkpoint
from shared.values.errors import LeaseLost, PositionLost
from shared.values.lineage import Lineage
from shared.values.position import Position
from shared.values.relay_lease import Holding, Holdings
from shared.values.seq import make_seq
from shared.values.settings import TableSettings
from tests.worlds.twins.state import MemoryStreams

TWO = "shop/two"


def capture(names: str) -> CaptureConfiguration:
    return CaptureConfiguration({f"shop.{name}": TableSettings() for name in names})


def at(
    offset: int, names: str, *, epoch: int = 1, server: str = "s", gtids: bool = True
) -> Checkpoint:
    position = Position("bin.000001", offset, f"0-1-{offset}" if gtids else "")
    return Checkpoint(
        position,
        make_seq(epoch, 7),
        epoch,
        Lineage(server),
        capture(names).text(),
        read_ts_ms=offset,
    )


def share(
    streams: MemoryStreams, stream: str, names: str, others: dict[str, str], token: int = 1
) -> TableShare:
    wanted = {name: [f"shop.{each}" for each in tables] for name, tables in others.items()}
    return TableShare(streams, stream, capture(names), wanted, token)


def given_up(point: Checkpoint, giver: TableShare) -> Checkpoint:
    """The checkpoint that a giver stores where `point` is."""
    now = giver.wanted
    return msgspec.structs.replace(point, capture=now.text(), released=giver.released(point, now))


def test_a_table_is_waited_for_until_the_checkpoint_without_it_is_stored() -> None:
    streams = MemoryStreams()
    share(streams, "shop", "ab", {}).look(at(100, "ab"))
    giver, taker = (
        share(streams, "shop", "a", {TWO: "b"}, token=2),
        share(streams, TWO, "b", {"shop": "a"}),
    )
    assert giver.look(at(200, "ab")) == capture("a")
    assert taker.look(None) == capture("")
    assert taker.waiting == {"shop.b": "shop"}
    giver.look(given_up(at(300, "ab", epoch=4), giver))
    assert taker.look(None) == capture("b")
    assert (taker.waiting, taker.turns.keys() - taker.taken.keys()) == ({}, set())
    holding = taker.taken["shop.b"]
    assert (holding.stream, holding.turn, holding.position.offset, holding.epoch) == (
        TWO,
        2,
        300,
        4,
    )


def test_what_was_given_up_once_is_not_given_up_again() -> None:
    streams = MemoryStreams()
    share(streams, "shop", "ab", {}).look(at(100, "ab"))
    giver, taker = share(streams, "shop", "a", {TWO: "b"}), share(streams, TWO, "b", {"shop": "a"})
    giver.look(at(200, "ab"))
    old = given_up(at(300, "ab"), giver)
    giver.look(old)
    taker.look(None)
    taker.look(at(400, "b", epoch=2))
    share(streams, TWO, "", {"shop": "ab"}).look(
        given_up(
            at(500, "b", epoch=2), share_of(streams, TWO, "", {"shop": "ab"}, at(500, "b", epoch=2))
        )
    )
    back = share(streams, "shop", "ab", {TWO: ""})
    assert back.look(old) == capture("ab"), (
        "its own release of an earlier turn says nothing any more"
    )
    assert back.taken["shop.b"].position.offset == 500


def share_of(
    streams: MemoryStreams, stream: str, names: str, others: dict[str, str], point: Checkpoint
) -> TableShare:
    made = share(streams, stream, names, others)
    made.look(point)
    return made


def test_a_table_that_nobody_wanted_is_new_to_who_wants_it_later_but_numbered_above() -> None:
    streams = MemoryStreams()
    giver = share_of(streams, "shop", "a", {}, at(100, "ab", epoch=9))
    giver.look(given_up(at(100, "ab", epoch=9), giver))
    taker = share_of(streams, TWO, "b", {"shop": "a"}, at(500, "", epoch=2))
    point = take_over(
        msgspec.structs.replace(at(500, "", epoch=2), capture=taker.wanted.text()), taker.taken
    )
    assert (point.catch_up, point.position.offset, point.epoch) == (None, 500, 10)


def test_a_former_holder_of_the_lease_changes_nothing() -> None:
    streams = MemoryStreams()
    late = share(streams, "shop", "ab", {}, token=1)
    share(streams, "shop", "a", {}, token=2).look(None)
    with pytest.raises(LeaseLost):
        late.look(None)
    assert streams.holdings("shop").tables.keys() == {"shop.a"}


def test_what_was_claimed_and_never_captured_goes_on_from_where_it_was_given_up() -> None:
    streams = MemoryStreams()
    giver = share_of(streams, "shop", "a", {TWO: "b"}, at(300, "ab", epoch=4))
    giver.look(given_up(at(300, "ab", epoch=4), giver))
    share(streams, TWO, "b", {"shop": "a"}, token=1).look(None)
    share(streams, TWO, "", {"shop": "ab"}, token=2).look(None)
    again = share(streams, "shop", "ab", {TWO: ""}, token=2)
    again.look(given_up(at(300, "ab", epoch=4), giver))
    assert again.taken["shop.b"].position.offset == 300


def test_tables_from_several_places_are_caught_up_with_one_place_after_the_other() -> None:
    held = {
        f"shop.{name}": Holding(TWO, 2, False, 5, at(offset, "").position, "s")
        for name, offset in (("a", 100), ("b", 100), ("c", 200))
    }
    point = take_over(at(300, "abcd", epoch=3), held)
    legs = []
    while point.catch_up:
        legs.append((point.position.gtids, captured_names(point)))
        assert (point.catch_up.until.offset, point.epoch, point.read_ts_ms) == (300, 6, 0)
        assert point.tables == {"shop.a", "shop.b", "shop.c", "shop.d"}
        point = next_leg(point)
    assert legs == [("0-1-100", {"shop.a", "shop.b"}), ("0-1-200", {"shop.c"})]
    assert (point.position.offset, point.capture) == (300, capture("abcd").text())


def captured_names(point: Checkpoint) -> set[str]:
    return set(read_configuration(point.capture).tables)


def test_a_stream_that_ends_while_it_catches_up_leaves_each_table_where_it_is() -> None:
    streams = MemoryStreams()
    held = {
        "shop.a": Holding(TWO, 2, False, 5, at(100, "").position, "s"),
        "shop.b": Holding(TWO, 2, False, 5, at(200, "").position, "s"),
    }
    streams.hold("shop", 0, Holdings({**held, "shop.c": Holding(TWO)}))
    point = take_over(at(300, "abc"), held)
    ending = share_of(streams, TWO, "", {"shop": "abc"}, point)
    end = empty_handed(point, ending.released(point, capture("")))
    ending.look(end)
    assert end.tables == set()
    heir = share_of(streams, "shop", "abc", {}, end)
    assert {name: holding.position.gtids for name, holding in heir.taken.items()} == {
        "shop.a": "0-1-100",
        "shop.b": "0-1-200",
        "shop.c": "0-1-300",
    }


def test_a_place_on_another_server_is_no_place_without_gtids() -> None:
    held = {"shop.a": Holding(TWO, 2, False, 5, at(100, "", gtids=False).position, "former")}
    with pytest.raises(PositionLost, match=r"bin.000001:100 of server former"):
        take_over(at(300, "a", gtids=False), held)
    with_gtids = {"shop.a": Holding(TWO, 2, False, 5, at(100, "").position, "former")}
    assert take_over(at(300, "a"), with_gtids).position == Position(gtids="0-1-100")
