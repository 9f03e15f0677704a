"""Stopped: why a table of a stream is not captured."""

import msgspec

from shared.values.settings import TableSettings


class Stopped(msgspec.Struct, frozen=True, omit_defaults=True):
    """A table that stopped alone; the stream continues with its other tables.

    what: what is in the way, as the predicate of a sentence about the table.
    fix: what to do about it.
    at_ms: when it stopped, Unix ms.
    tries: how often capture failed at a row, one time shortly after another.
    resumed_ms: when capture began again (0: the table is stopped).
    placed: how its rows were placed when it was last captured; None: it never was, or not known.
    """

    what: str
    fix: str
    at_ms: int
    tries: int = 0
    resumed_ms: int = 0
    placed: TableSettings | None = None
