"""DueCause: why a table is due: its rows changed in a way that no event told."""

import msgspec


class DueCause(msgspec.Struct, frozen=True):
    """One occurrence.

    id: a resync that began later settles it.
    why: its kind, for people; empty where an earlier version noted it.
    """

    id: str
    why: str = ""
