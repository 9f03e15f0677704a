"""A service's own code that holds one state a row, as the handler sink calls it."""

from typing import Any

from shared.domain.handling import HandlerContext, Retry
from shared.domain.sink import Outcome, Slice
from shared.values.change import Change
from shared.values.errors import Outage

HandlerState = dict[tuple[str, Any], tuple[int, dict[str, Any] | None]]
"""Table and key of a row → the newest seq that was applied, and the row."""

held: HandlerState = {}
truncated: dict[str, int] = {}
down = False
failing: set[int] = set()


def reset() -> None:
    global down
    held.clear()
    truncated.clear()
    failing.clear()
    down = False


def handle(change: Change, context: HandlerContext) -> str | None:
    if down or change.key.get("id") in failing:
        raise Retry("not now", after=7)
    return take(change, context.table)


def take(change: Change, table: str) -> str | None:
    """Compares numbers, as every receiver without versions must."""
    if change.op == "t":
        truncated[table] = max(truncated.get(table, 0), change.seq)
        for place, (seq, _) in list(held.items()):
            if place[0] == table and seq < change.seq:
                held[place] = (change.seq, None)
        return None
    place = (table, change.key["id"])
    newest = max(held.get(place, (0, None))[0], truncated.get(table, 0))
    if newest > change.seq:
        return "superseded"
    if change.after and len(str(change.after["title"])) > 100:
        raise KeyError("currency")
    held[place] = (change.seq, change.after)
    return None


class Own:
    """The same as a class, which gets many changes at once."""

    def probe(self) -> None:
        if down:
            raise Outage("is down.", thing="own", hint="Wait.")

    def apply(self, slice: Slice) -> list[Outcome]:
        self.probe_or_retry()
        return [self._one(each.change, each.message.full_name) for each in slice.arrivals]

    def probe_or_retry(self) -> None:
        if down:
            raise Retry("down")

    def _one(self, change: Change, table: str) -> Outcome:
        if change.key.get("id") in failing:
            return Outcome("failed", "not now")
        return Outcome("superseded" if take(change, table) else "applied")
