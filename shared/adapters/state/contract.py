"""What is remembered between runs, in one DynamoDB table. Each store is a contract of its own.

Layout of the table (`pk`, `sk` strings): `stream#SOURCE` / `checkpoint` (of a further relay
`checkpoint#RELAY`) · `stream#SOURCE` / `tables` · `stream#SOURCE` / `schema#DATABASE.TABLE#000001`
· `stream#SOURCE` / `rewritten#DATABASE.TABLE` · `consumer#NAME#TABLE` / `mark` (the marks of all
groups of a table) · `consumer#NAME` / `run` (the backfill under way) · `consumer#NAME#RUN` /
`done#…` and `deletion#…` · `consumer#NAME` / `filled#DATABASE.TABLE` · `consumer#NAME` / `verify`.
"""

from typing import Any, Protocol

import msgspec

from shared.values.checkpoint import Checkpoint
from shared.values.errors import StackError
from shared.values.lease import Holdings, Lease
from shared.values.table import Table


class Streams(Protocol):
    """Lease and checkpoint of each stream (one item: renewing moves the checkpoint in the same
    write), and who holds the tables of a source.
    """

    def load(self, stream: str) -> tuple[Lease, Checkpoint | None]: ...

    def acquire(self, stream: str, seen: Lease, holder: str) -> Lease | None:
        """Take the lease when it is still exactly as `seen` (token and beat); None when somebody
        was faster.
        """
        ...

    def renew(self, stream: str, lease: Lease, checkpoint: Checkpoint | None) -> Lease:
        """Renew, and store the checkpoint. Returns the lease as stored, others' requests (`wanted`,
        `raise_epoch`) included. Raises LeaseLost.
        """
        ...

    def release(self, stream: str, lease: Lease, checkpoint: Checkpoint | None) -> None:
        """Store the checkpoint and give the lease back at once. Raises LeaseLost."""
        ...

    def ask(self, stream: str, *, wanted: str = "", raise_epoch: int = 0) -> None:
        """Ask the holder to yield, or for an epoch above `raise_epoch`."""
        ...

    def holdings(self, source: str) -> Holdings: ...

    def hold(self, source: str, seen: int, holdings: Holdings) -> bool:
        """Store who holds what, when it is still the version `seen` that is there; False when
        somebody was faster. The stored version is one more.
        """
        ...


class Schemas(Protocol):
    """The history of each captured table: its column sets, and when its rows changed without row
    events.
    """

    def version_of(self, source: str, table: Table) -> int:
        """The schema_version of exactly this column set: known, or the next number, stored before
        it returns.
        """
        ...

    def latest(self, source: str, database: str, table: str) -> Table | None: ...

    def read(self, source: str, database: str, table: str, version: int) -> Table | None: ...

    def rewritten(self, source: str, table: str, transaction: str) -> None:
        """Note that a DDL statement in this transaction changed rows of `DATABASE.TABLE` that the
        binlog does not show; the last one stays.
        """
        ...

    def rewrites(self, source: str) -> dict[str, str]:
        """`DATABASE.TABLE` → the transaction of its last such statement."""
        ...


class Mark(msgspec.Struct, frozen=True):
    """How far a consumer has come in one group, live lane: highest seq applied, and number of
    changes seen.
    """

    seq: int = 0
    count: int = 0


class Run(msgspec.Struct, frozen=True, omit_defaults=True):
    """A backfill of a consumer that is under way: its `id`, and per table how far it came
    (`cursor`: JSON of the last key sent, `rows` sent, `estimate` of all rows, `sent` messages,
    `complete`). `attempt` grows when it is begun anew; tables that only earlier attempts read are
    `left`. `runner` is the process that goes on with it; another that finds itself replaced
    stops.
    """

    id: str
    tables: dict[str, dict[str, Any]]
    started_ms: int = 0
    attempt: int = 1
    runner: str = ""


class Consumers(Protocol):
    """What is remembered of each consumer."""

    def marks(self, consumer: str, groups: list[str]) -> tuple[dict[str, Mark], str]:
        """The marks of these groups, and the id of the run under way ("" when none), in one
        read.
        """
        ...

    def advance(self, consumer: str, moves: dict[str, tuple[Mark, Mark]]) -> set[str]:
        """Move the marks of groups from what was seen to what is now; returns the groups whose mark
        is no longer what was seen, which stay as they are.
        """
        ...

    def run(self, consumer: str) -> Run | None: ...

    def save_run(self, consumer: str, run: Run) -> None:
        """Begin a run or store its progress. Raises StackError when another run (another id) is
        under way.
        """
        ...

    def end_run(self, consumer: str, run_id: str) -> None:
        """Forget the run, its deletions and done marks. Raises nothing when it is gone."""
        ...

    def record_deletions(self, consumer: str, run_id: str, deletions: dict[str, int]) -> None:
        """While a run is under way: document address (`ALIAS/ID`) → seq of its deletion; the
        highest seq stays.
        """
        ...

    def deletions(
        self, consumer: str, run_id: str, addresses: list[str] | None = None
    ) -> dict[str, int]:
        """The recorded deletions: of these addresses, or all."""
        ...

    def mark_done(self, consumer: str, run_id: str, message_ids: list[str]) -> None:
        """Note that these backfill messages (by deduplication id) were applied; noting one twice is
        as once.
        """
        ...

    def done(self, consumer: str, run_id: str, message_ids: list[str]) -> set[str]:
        """Those of these messages that were applied."""
        ...

    def save_filled(self, consumer: str, tables: dict[str, str]) -> None:
        """Note that a backfill brought the consumer these tables as they are after a rewriting
        statement: `DATABASE.TABLE` → its transaction.
        """
        ...

    def filled(self, consumer: str) -> dict[str, str]:
        """What was noted last, per table."""
        ...

    def save_report(self, consumer: str, report: dict[str, Any]) -> None:
        """Keep the last result of verify, for `rowline status`."""
        ...

    def report(self, consumer: str) -> dict[str, Any] | None: ...


def another_run(consumer: str, run_id: str) -> StackError:
    """What `save_run` of every implementation raises."""
    return StackError(
        f"another backfill ({run_id}) is under way.",
        thing=f"consumer {consumer}",
        hint="Wait for it, or resume or abandon it: rowline backfill.",
    )
