"""Read view: proves that one contains a place of the binlog.

A server writes a transaction to the binlog, where a replica or relay can read it at once, *before*
the storage engine makes it visible. A SELECT sent after the relay published a change may therefore
still miss it, and a backfill row read by it would carry the change's seq with the row's older
state: the index would keep that state for good. So the session proves, before it reads, that
everything before the relay's checkpoint is visible:

- MySQL with GTIDs: WAIT_FOR_EXECUTED_GTID_SET. A GTID is executed only once its engine commit is
  done.
- MariaDB: START TRANSACTION WITH CONSISTENT SNAPSHOT records the binlog position that belongs to
  exactly this snapshot in the status variables `binlog_snapshot_file` and
  `binlog_snapshot_position`; when it lies before the checkpoint, a new snapshot is taken a moment
  later.
- MySQL without GTIDs: LOCK TABLES … READ, released at once. The lock is granted only when no
  transaction that wrote the table is between its binlog write and the end of its commit, since
  transactions keep their metadata lock for longer than that.

Source: MySQL reference manual, "GTID Functions", "Metadata Locking"; MariaDB knowledge base,
"Enhancements for START TRANSACTION WITH CONSISTENT SNAPSHOT".
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from shared.adapters.database.contract import Server
from shared.adapters.database.identifiers import identifier
from shared.adapters.database.query import Query
from shared.values.errors import SourceError, SourceUnavailable
from shared.values.position import Position
from shared.values.table import Table

PROOF_SECONDS = 30
_PAUSE_SECONDS = 0.02


@contextmanager
def view(query: Query, server: Server, table: Table, reached: Position | None) -> Iterator[None]:
    """A read view that contains everything before `reached`.

    Raises SourceUnavailable when that is not proved within PROOF_SECONDS.
    """
    if reached is None:
        yield
    elif server.flavour == "mariadb":
        _snapshot(query, reached)
        try:
            yield
        finally:
            query("COMMIT")
    else:
        if reached.gtids and query("SELECT @@GLOBAL.gtid_mode") == [("ON",)]:
            _executed(query, reached)
        else:
            _barrier(query, table)
        yield


def _executed(query: Query, reached: Position) -> None:
    ((late,),) = query("SELECT WAIT_FOR_EXECUTED_GTID_SET(%s, %s)", reached.gtids, PROOF_SECONDS)
    if late != "0":
        raise _late(reached)


def _snapshot(query: Query, reached: Position) -> None:
    deadline = time.monotonic() + PROOF_SECONDS
    while True:
        query("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        status: dict[str, str] = dict(query("SHOW STATUS LIKE 'binlog_snapshot_%%'"))
        file = status.get("Binlog_snapshot_file", "")
        if not file:
            raise SourceError(
                "keeps no binlog.", thing="source", hint="Set log_bin=ON and restart the server."
            )
        taken = Position(file=file, offset=int(status["Binlog_snapshot_position"]))
        if _contains(query, taken, reached):
            return
        query("COMMIT")
        if time.monotonic() > deadline:
            raise _late(reached)
        time.sleep(_PAUSE_SECONDS)


def _contains(query: Query, taken: Position, reached: Position) -> bool:
    if reached.file:
        return taken.reaches(reached)
    ((gtids,),) = query("SELECT BINLOG_GTID_POS(%s, %s)", taken.file, taken.offset)
    have = _domains(gtids or "")
    return all(have.get(domain, 0) >= number for domain, number in _domains(reached.gtids).items())


def _domains(gtids: str) -> dict[str, int]:
    """MariaDB: the sequence number reached in each replication domain."""
    parts = (gtid.strip().split("-") for gtid in gtids.split(",") if gtid.strip())
    return {domain: int(number) for domain, _, number in parts}


def _barrier(query: Query, table: Table) -> None:
    name = f"{identifier(table.database)}.{identifier(table.name)}"
    deadline = time.monotonic() + PROOF_SECONDS
    query("SET SESSION lock_wait_timeout = 1")
    while True:
        try:
            query(f"LOCK TABLES {name} READ")
            break
        except SourceUnavailable:
            # Writers wait while this waits: give them a moment before the next try.
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS * 10)
        except SourceError as error:
            raise SourceError(
                error.what,
                thing=error.thing,
                hint=(
                    "Without gtid_mode=ON a consistent read needs the right LOCK TABLES on the "
                    "captured tables."
                ),
            ) from None
    query("UNLOCK TABLES")


def _late(reached: Position) -> SourceUnavailable:
    return SourceUnavailable(
        f"has not committed what its binlog shows at {reached} after {PROOF_SECONDS} s.",
        thing="source",
        hint="Is this another server than the one the relay reads? Otherwise try again.",
    )
