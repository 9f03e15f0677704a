"""Missing: what was published and is not on the server that answers, found by GTIDs.

A server that takes another's place may lack its last transactions; one that was restored, or lost
the end of its binlog in a crash, lacks its own. The GTIDs of the checkpoint and the journal are
compared with those that the server has.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import merge
from itertools import chain

import msgspec

from shared.adapters.binlog.contract import Binlog
from shared.adapters.binlog.executed import Executed
from shared.flows.relay.failover.journal import Journal, JournalPage
from shared.values.checkpoint import Checkpoint
from shared.values.errors import PositionLost
from shared.values.position import Position

MAX_ROWS = 200_000
"""Of more rows of a table only the table is named: `rowline verify --repair` is faster then."""

_FILE_END = 1 << 62


class LostRows(msgspec.Struct):
    """Rows of one table that a server lacks.

    columns: the key columns.
    keys: a key (JSON of its values) → the shards that it was published in.
    """

    columns: list[str]
    keys: dict[str, list[int]] = {}


@dataclass
class Missing:
    """What a server lacks, and where reading continues on it.

    position: reading continues here.
    agreed: everything before it is published, and is on the server.
    gtids: transactions that are missing, as text for people.
    transactions: the number of missing ones that touched captured rows.
    rows: the rows that they touched, by table.
    verify: tables whose touched rows are unknown.
    """

    position: Position
    agreed: Position = field(default_factory=Position)
    gtids: str = ""
    transactions: int = 0
    rows: dict[str, LostRows] = field(default_factory=dict)
    verify: set[str] = field(default_factory=set)


def find_missing(
    binlog: Binlog,
    server: str,
    point: Checkpoint,
    journal: Journal,
    tables: Iterable[str],
    stream: str,
    *,
    restarted: bool,
) -> Missing | None:
    """What the server that answers lacks; None when it was read before and lacks nothing.

    server: its identity.
    point: up to here, and after it, changes were published.
    tables: those that are captured.
    restarted: it was started again: it may have been restored, or have lost the end of its binlog.
    Raises PositionLost when nothing can be told, SourceUnavailable, StateUnavailable.
    """
    if server == point.server:
        intact = binlog.intact(point.position) == point.position
        if intact and not (restarted and point.position.gtids):
            return None
        pages = (page for page in journal.pages(point.lineage.cut) if page.server == server)
        here = _agreed(binlog, _places(pages, point.position))
        if intact and (not here.gtids if here else point.position.file):
            return None  # nobody can tell more
        if not intact and not (here and here.gtids and point.position.gtids):
            raise PositionLost(
                f"the binlog of server {server} is not the one that was read up to "
                f"{point.position}: it was reset, or restored to an earlier point.",
                thing=f"stream {stream}",
                hint="",
            )
        found = _compare(
            binlog.executed(here), server, point, journal.pages(point.lineage.cut), tables, stream
        )
        return None if intact and not (found.gtids or found.verify) else found
    elif not point.position.gtids:
        raise PositionLost(
            f"another server ({server}) answers than the one that was read ({point.server}), "
            f"and the checkpoint {point.position} has no GTID to find the place.",
            thing=f"stream {stream}",
            hint=(
                "Or point the source back, and give it its place on the new server by `rowline "
                "source move`. With GTIDs on, a fail-over needs none of these."
            ),
        )
    elif _is_mariadb(server) != _is_mariadb(point.server):
        raise PositionLost(
            f"server {server} has GTIDs of another kind than {point.server}, the one that was "
            f"read up to {point.position}.",
            thing=f"stream {stream}",
            hint="",
        )
    return _compare(
        binlog.executed(), server, point, journal.pages(point.lineage.cut), tables, stream
    )


def _is_mariadb(identity: str) -> bool:
    return identity.startswith("mariadb-")


def _places(pages: Iterable[JournalPage], position: Position) -> Iterable[Position]:
    """Places that were read, one in each file at least, from the newest back.

    A page is at most a second long, and `position` may be ahead of all or behind some.
    """
    noted = chain.from_iterable(reversed(page.files) for page in pages)
    return merge(
        *((place for place in places if place.file) for places in ([position], noted)),
        key=Position.order,
        reverse=True,
    )


def _agreed(binlog: Binlog, places: Iterable[Position]) -> Position | None:
    """The end of the newest file that is in the binlog and was read.

    What this server wrote later, it wrote after it was started again.
    """
    asked: set[tuple[str, int]] = set()
    for place in places:
        if (place.file, place.created) not in asked:
            asked.add((place.file, place.created))
            end = msgspec.structs.replace(place, offset=_FILE_END)
            here = binlog.intact(end)
            if here is not None:
                return here if here != end else None
    return None


def _compare(
    executed: Executed,
    server: str,
    point: Checkpoint,
    pages: Iterable[JournalPage],
    tables: Iterable[str],
    stream: str,
) -> Missing:
    published = point.position.gtids
    found = Missing(Position(), gtids=executed.missing(published))
    lost: list[str] = []
    here: list[str] = []
    complete, oldest = False, point.lineage.journal + 1
    agreed = executed.before(point.lineage.agreed.gtids)
    covered = bool(point.lineage.agreed.gtids) and executed.covers(point.lineage.agreed.gtids)
    for page in pages:
        earlier = (
            0 < page.number <= point.lineage.changed
        )  # of the server before, or before it was restored
        if earlier and covered:
            break
        oldest = page.number or oldest
        for gtid, touched in reversed(page.transactions):
            if earlier and not agreed.has(gtid):
                # lost then, and read again since; a server that was restored gives its GTID to
                # another transaction
                continue
            if executed.has(gtid):
                here.append(gtid)
                continue
            lost.append(gtid)
            for row in touched:
                name, columns = page.tables[row.table]
                if row.key is None:
                    found.verify.add(name)
                    continue
                rows = found.rows.setdefault(name, LostRows(columns))
                shards = rows.keys.setdefault(msgspec.json.encode(row.key).decode(), [])
                if row.shard not in shards:
                    shards.append(row.shard)
        if page.beyond and not executed.has(page.last):
            found.verify.update(page.beyond)
        if page.since.gtids and not page.continued and executed.covers(page.since.gtids):
            here += page.since.gtids.split(",")
            complete = True
            break
    if not complete and covered:
        here += point.lineage.agreed.gtids.split(",")
        complete = oldest <= point.lineage.changed + 1
    gtids = executed.common(published, here)
    if not gtids:
        raise PositionLost(
            f"server {server} has nothing of what was published up to {published}.",
            thing=f"stream {stream}",
            hint="Is it a replica of the server that was read before?",
        )
    found.position, found.agreed, found.transactions = (
        Position(gtids=gtids),
        Position(gtids=executed.joined(gtids, here)),
        len(lost),
    )
    if (found.gtids or lost) and not complete:
        found.verify.update(tables)
    if lost:
        found.gtids = executed.missing(",".join([*reversed(lost), published]))
    for name in [name for name, rows in found.rows.items() if len(rows.keys) > MAX_ROWS]:
        found.verify.add(name)
        del found.rows[name]
    return found
