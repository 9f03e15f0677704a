"""Relay lease: which relay may publish a stream, and which stream of a source holds which table."""

from typing import Any

import msgspec

from shared.values.position import Position

RELAY_SILENT_SECONDS = 15
"""A running relay renews its lease each second; a new holder takes over within ten."""


class Holding(msgspec.Struct, frozen=True, omit_defaults=True):
    """The stream of a source that holds a table. No other stream captures it.

    turn: grows with each stream that takes the table.
    free: it was given up and may be taken.
    position, server, epoch: where it was given up; the next holder continues there, in a higher
        epoch. Without a position it belonged to no stream before.
    """

    stream: str
    turn: int = 1
    free: bool = False
    epoch: int = 0
    position: Position = Position()
    server: str = ""


class Holdings(msgspec.Struct, frozen=True):
    """The holders of the tables of a source.

    version: grows with each change.
    tokens: stream → the lease token of its last holder that wrote here.
    """

    tables: dict[str, Holding] = {}
    tokens: dict[str, int] = {}
    version: int = 0


class Lease(msgspec.Struct, frozen=True, omit_defaults=True):
    """The right to relay a stream.

    token: grows with each holder and fences every write.
    holder: empty when the lease is released.
    beat: grows with each renewal.
    wanted: asks the holder to yield; the value names the process that asks.
    ends_ms: how long the holder intended to continue at its last renewal; 0: no end.
    raise_epoch: asks for a new epoch above this one.
    """

    token: int = 0
    holder: str = ""
    beat: int = 0
    wanted: str = ""
    ends_ms: int = 0
    raise_epoch: int = 0
    figures: dict[str, Any] = {}
