"""Broken connection: reads on behind a connection that broke in the middle of a transaction."""

from collections.abc import Iterator
from typing import NamedTuple

from shared.adapters.binlog.contract import Begin, Commit, Event, Heartbeat, Rows, Truncated
from shared.values.errors import PositionLost


class Cut(NamedTuple):
    """How far a transaction had been yielded when the connection broke.

    `rows` and `truncated` count its row events and its Truncated.
    """

    begin: Begin
    rows: int
    truncated: int


def rest_behind(cut: Cut, events: Iterator[Event], server: str) -> Iterator[Event]:
    """The events of the transaction that come after the cut; `events` begin with its Begin.

    What a statement makes due may have become known to be more or less meanwhile: that comes again.
    Raises PositionLost when the transaction is not there.
    """
    truncated = cut.truncated
    begun = False
    for event in events:
        if type(event) is Begin:
            begun = event.id == cut.begin.id
        elif not begun and type(event) is not Heartbeat:
            break
        elif type(event) is Rows:
            if event.event >= cut.rows:
                yield event
        elif type(event) is Commit:
            yield event
            return
        elif type(event) is Truncated:
            truncated -= 1
            if truncated < 0:
                yield event
        elif type(event) is not Heartbeat:
            yield event
    raise PositionLost(
        "the transaction that was cut off is not in the binlog any more.",
        thing=f"{server} at {cut.begin.position}",
        hint="The server was reset or restored meanwhile.",
    )
