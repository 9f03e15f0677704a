"""Snapshot answers: what the work on snapshots did, as a command reads it."""

import msgspec


class Created(msgspec.Struct, frozen=True):
    """What a job has read. seconds: since it was begun. left_out: table → why."""

    id: str
    rows: int
    tables: int
    seconds: float
    left_out: dict[str, str] = {}


class Tended(msgspec.Struct):
    """What a run of the archive's function did.

    packed: snapshots that are complete now. rows: that came into the table. expired: snapshots
    that were removed. removed: objects that nothing referred to.
    left: whether work was left for the next run. busy: another run was under way.
    """

    packed: list[str] = []
    rows: int = 0
    expired: list[str] = []
    removed: int = 0
    left: bool = False
    busy: bool = False


class Verified(msgspec.Struct):
    """A snapshot against its table. problems: in words; empty when it is whole.

    files, rows: that were checked. next: the file to continue with; 0: all are checked.
    """

    files: int = 0
    rows: int = 0
    next: int = 0
    problems: list[str] = []
