"""DueCause: why a table is due: its rows changed in a way that no event told."""

from collections.abc import Mapping

import msgspec


class DueCause(msgspec.Struct, frozen=True):
    """One occurrence.

    id: a resync that began later settles it.
    why: its kind, for people; empty where an earlier version noted it.
    """

    id: str
    why: str = ""


def expired_in(job: str) -> DueCause:
    """The cause of a redrive that found changes without their payloads. job: its id."""
    return DueCause(f"expired:{job}", "payloads of parked changes had expired")


def causes_of(dues: Mapping[str, DueCause], table: str) -> list[DueCause]:
    """The causes that concern a table. dues: of a source, by table or `DATABASE.*`."""
    names = (table, f"{table.partition('.')[0]}.*")
    return [dues[name] for name in names if name in dues]
