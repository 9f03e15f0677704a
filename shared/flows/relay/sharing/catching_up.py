"""Catching up: a stream that took tables over reads them alone first, then continues with all.

It reads each from the place where its former stream gave it up. Pure: checkpoints in, checkpoints
out. Numbers are those of one new epoch, above every number that a former stream has given.
"""

from collections.abc import Mapping

import msgspec

from shared.values.capture_configuration import CaptureConfiguration, read_configuration
from shared.values.checkpoint import CatchUp, Checkpoint, Leg, Release
from shared.values.errors import PositionLost
from shared.values.next_epoch import next_epoch
from shared.values.position import Position
from shared.values.relay_lease import Holding


def take_over(point: Checkpoint, taken: Mapping[str, Holding], floor: int = 0) -> Checkpoint:
    """`point`, which captures the tables `taken` already, turned back to where they were given up.

    floor: the new epoch is above this one, and above all before.
    Raises PositionLost when a table was given up at a place that only another server knows.
    """
    epoch = next_epoch(point.epoch, floor, *(holding.epoch for holding in taken.values()))
    places: dict[Position, list[str]] = {}
    for name, holding in sorted(taken.items()):
        if holding.position != Position():
            places.setdefault(_place(name, holding, point.server), []).append(name)
    legs = tuple(
        Leg(position, tuple(names))
        for position, names in places.items()
        if position != everywhere(point.position)
    )
    onward = point.renumbered(epoch)
    return _leg(onward, CatchUp(point.position, point.capture, legs))


def next_leg(point: Checkpoint) -> Checkpoint:
    """The checkpoint after the leg of `point`: the next leg, or all tables together."""
    assert point.catch_up is not None
    return _leg(point, point.catch_up)


def everywhere(position: Position) -> Position:
    """The same place on every server of the topology, where it can be told."""
    return Position(gtids=position.gtids) if position.gtids else position


def on_another_server(catch_up: CatchUp) -> CatchUp:
    """The same way, after a fail-over; the legs are known by their GTIDs."""
    return msgspec.structs.replace(catch_up, until=everywhere(catch_up.until))


def empty_handed(point: Checkpoint, released: tuple[Release, ...]) -> Checkpoint:
    """`point` of a stream that nobody reads any more, all of its tables given up."""
    epoch = next_epoch(point.epoch)
    position = point.catch_up.until if point.catch_up else point.position
    return msgspec.structs.replace(
        point.renumbered(epoch),
        position=position,
        capture=CaptureConfiguration({}).text(),
        catch_up=None,
        released=released,
        stopped={},
    )


def _leg(point: Checkpoint, catch_up: CatchUp) -> Checkpoint:
    if not catch_up.legs:
        return msgspec.structs.replace(
            point, position=catch_up.until, capture=catch_up.capture, catch_up=None
        )
    leg, *later = catch_up.legs
    whole = read_configuration(catch_up.capture)
    alone = whole.only(leg.tables)
    rest = msgspec.structs.replace(catch_up, legs=tuple(later))
    # Time is that of the leg now: what is behind shows as lag.
    return msgspec.structs.replace(
        point, position=leg.position, capture=alone.text(), catch_up=rest, read_ts_ms=0
    )


def _place(name: str, holding: Holding, server: str) -> Position:
    if holding.server != server and not holding.position.gtids:
        raise PositionLost(
            f"was given up by stream {holding.stream} at {holding.position} of server "
            f"{holding.server}; this is {server}, where that place means nothing.",
            thing=f"table {name}",
            hint="Start again with rowline source reset, and backfill the consumers.",
        )
    return everywhere(holding.position)
