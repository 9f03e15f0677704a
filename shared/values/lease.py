"""Lease: which relay may publish a stream, and which stream of a source holds which table."""

from typing import Any

import msgspec

from shared.values.position import Position


class Holding(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which stream of a source holds a table: nobody else captures it. `free`: it was given up, and
    may be taken.

    It was given up at `position` of `server` in `epoch` (the holder goes on from there, in a higher
    epoch), or, without a position, belonged to nobody. `turn` grows with each stream that takes it.
    """

    stream: str
    turn: int = 1
    free: bool = False
    epoch: int = 0
    position: Position = Position()
    server: str = ""


class Holdings(msgspec.Struct, frozen=True):
    """Who holds the tables of a source. `version` grows with each change; `tokens` are those of the
    last holder of each stream's lease that was here.
    """

    tables: dict[str, Holding] = {}
    tokens: dict[str, int] = {}
    version: int = 0


class Lease(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who may relay. `token` grows with each holder and fences every write; `beat` grows with each
    renewal; `holder` is empty when released.

    `wanted` asks the holder to yield (its value names who asks), `ends_ms` is how long the holder
    means to go on when it last renewed (0: no end), `raise_epoch` asks for a new epoch above this
    one.
    """

    token: int = 0
    holder: str = ""
    beat: int = 0
    wanted: str = ""
    ends_ms: int = 0
    raise_epoch: int = 0
    figures: dict[str, Any] = {}
