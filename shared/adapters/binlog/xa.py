"""XA transactions: their rows are where they were prepared, and count where they are committed.

No rows of a prepared transaction are kept in memory: when its XA COMMIT comes, they are read again
from where they are (`prepared_rows`). So a reader that started in between finds them too, and a
position never has to be held back for a transaction that stays prepared.
"""

import re
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from shared.adapters.binlog.packets import RawEvent

_XID = re.compile(r"X'([0-9a-f]*)'\s*,\s*X'([0-9a-f]*)'\s*,\s*(\d+)", re.IGNORECASE)


class Xid(NamedTuple):
    """The name of an XA transaction."""

    transaction: bytes
    branch: bytes
    format: int


XaPlace = tuple[str, int]
"""File and offset of a transaction."""
_MOST = 100_000


class PreparedTransaction:
    """The transactions that were prepared, by name.

    `rows_at`: the events of the transaction at a place, as `prepared_rows.rows` gives them. `find`:
    the place before another place at which a name was prepared; None if it holds no rows.
    """

    def __init__(
        self,
        rows_at: Callable[[XaPlace], Iterator[RawEvent]],
        find: Callable[[Xid, XaPlace], XaPlace | None],
    ) -> None:
        self.rows_at, self._find = rows_at, find
        self._places: dict[Xid, XaPlace | None] = {}

    def remember(self, name: Xid, place: XaPlace | None) -> None:
        """Note where it was prepared; without a place it holds no captured rows."""
        if len(self._places) >= _MOST:
            self._places.clear()  # what is not remembered can be found
        self._places[name] = place

    def forget(self, name: Xid) -> None:
        """Forget a transaction that was rolled back."""
        self._places.pop(name, None)

    def rows_of(self, name: Xid, before: XaPlace) -> Iterator[RawEvent]:
        """The row events of a transaction that is committed at `before`."""
        place = self._places.pop(name) if name in self._places else self._find(name, before)
        return self.rows_at(place) if place else iter(())


def of_statement(sql: str) -> Xid:
    """The name in `XA COMMIT X'…',X'…',1`, as servers write it. Raises ValueError."""
    match = _XID.search(sql)
    if not match:
        raise ValueError("XA name")
    return Xid(bytes.fromhex(match[1]), bytes.fromhex(match[2]), int(match[3]))


def of_prepare(body: bytes) -> tuple[Xid, bool]:
    """(name, whether it commits at once) of an XA_PREPARE event.

    Source: MySQL libs/mysql/binlog/event/control_events.h, XA_prepare_event.
    """
    one_phase, format_, length, branch = struct.unpack_from("<Biii", body, 0)
    return Xid(body[13 : 13 + length], body[13 + length : 13 + length + branch], format_), bool(
        one_phase
    )
