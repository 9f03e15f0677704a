"""Random sessions on real servers: a store that applies what is read ends as the tables are."""

from random import Random
from typing import Any

import pytest

from shared.adapters.binlog.contract import Begin, Commit, Due, Event, Heartbeat, Rows, Truncated
from tests.tier import SEED, TIER

from .conftest import Source, plain
from .proxy import Proxy
from .wild_sessions import WildSessions

pytestmark = pytest.mark.soak
_PARTS, _STEPS = 5, 10


class Store:
    """The latest state of each table, as far as no statement changed it without events."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[Any, dict[str, Any]]] = {}
        self.due: set[str] = set()

    def apply(self, event: Event) -> None:
        match event:
            case Rows():
                table = self.rows.setdefault(event.table.name, {})
                for before, after in plain(event.rows):
                    if before is not None:
                        table.pop(_key(event, before), None)
                    if after is not None:
                        table[_key(event, after)] = after
            case Truncated():
                self.rows.pop(event.table, None)
                self.due.discard(event.table)
            case Due():
                self.due.add(event.table)


def _key(event: Rows, row: dict[str, Any]) -> Any:
    return tuple(row[column] for column in event.table.key)


def _without_nulls(rows: Any) -> list[Any]:
    """In any order; a column that came later is missing in older rows, where it is NULL."""
    return sorted(
        [sorted((name, str(value)) for name, value in row.items() if value is not None)
         for row in rows]
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(TIER.wild_sessions))
def test_what_is_read_adds_up_to_the_tables(source: Source, seed: int) -> None:
    chosen = Random(f"{SEED}/{seed}")
    begun = source.here()
    events: list[Event] = []
    for _ in range(_PARTS):
        start = source.here()
        sessions = WildSessions(source.server, source.name, chosen)
        for _ in range(_STEPS):
            sessions.step()
        part = source.since(start)
        _compare(sessions, part)
        sessions.close()
        events += part
    _read_again(source, begun, events, chosen)


def _compare(sessions: WildSessions, events: list[Event]) -> None:
    store = Store()
    for event in events:
        store.apply(event)
    told = "\n".join(sessions.log)
    tables = set(sessions.tables())
    assert store.due & tables == sessions.due & tables, told
    for table in tables - store.due:
        found = store.rows.get(table, {}).values()
        assert _without_nulls(found) == _without_nulls(plain(sessions.rows(table))), (table, told)


def _read_again(source: Source, start: Any, events: list[Event], chosen: Random) -> None:
    """Over connections that break, and from the middle: the same, but for what comes twice."""
    wanted = [plain(event) for event in events if not isinstance(event, Due)]
    end = source.here()
    cuts: list[int | None] = [chosen.randrange(3_000, 30_000) for _ in range(4)]
    cuts[1] = None  # the list of tables, before reading begins
    with Proxy(source.server.port, cuts) as proxy:
        binlog = source.open(port=proxy.port)
        found = [
            plain(event)
            for event in binlog.read(start, until=end)
            if not isinstance(event, Heartbeat | Due)
        ]
    assert found == wanted, cuts
    commits = [event for event in events if isinstance(event, Commit)]
    middle = chosen.choice(commits)
    begins = [event.id for event in source.since(middle.position) if isinstance(event, Begin)]
    assert (
        begins
        == [event.id for event in events if isinstance(event, Begin)][commits.index(middle) + 1 :]
    )
