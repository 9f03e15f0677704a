"""What is remembered between runs, in one DynamoDB table. Each store is a contract of its own.

Layout of the table (`pk`, `sk` strings): `stream#SOURCE` / `checkpoint` (of a further relay
`checkpoint#RELAY`) · `stream#SOURCE` / `tables` · `stream#SOURCE` / `schema#DATABASE.TABLE#000001`
· `stream#SOURCE` / `rewritten#DATABASE.TABLE` · `consumer#NAME#TABLE` / `mark` (the marks of all
groups of a table) · `consumer#NAME` / `run` (the backfill under way) · `consumer#NAME#RUN` /
`done#…` and `deletion#…` · `consumer#NAME` / `filled#DATABASE.TABLE` · `consumer#NAME` / `verify`.
"""

from typing import Any, Protocol

import msgspec

from shared.values.errors import StackError
from shared.values.position import Position
from shared.values.table import Table


class Release(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tables that a stream has given up: it published everything before `position` of `server` in
    epochs up to `epoch`, and nothing after it.

    `tables`: name → `Holding.turn` in which it was held. Without a position nobody was to take them
    over.
    """

    tables: dict[str, int]
    epoch: int
    position: Position = Position()
    server: str = ""


class Leg(msgspec.Struct, frozen=True):
    """Tables that another stream gave up at `position`, from where they are read alone."""

    position: Position
    tables: tuple[str, ...]


class CatchUp(msgspec.Struct, frozen=True):
    """What a stream that took tables over reads before it goes on at `until` under `capture`. One
    leg is under way: the checkpoint's own position and capture are that leg's; `legs` come after
    it.
    """

    until: Position
    capture: str
    legs: tuple[Leg, ...] = ()


class Lost(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `server` lacks of what was published, found at `at_ms` (Unix ms) when it took another's
    place or was restored.

    `gtids` names it (at most about 1,000 characters), `transactions` are those of them whose rows
    are known, `rows` how many rows of each table they touched; `verify` tables of which that is not
    known. `keys` is the address of the object that names the rows until they are read again ("":
    nothing is left to do), `mended` how many changes said what they are now.
    """

    server: str
    at_ms: int
    gtids: str
    transactions: int = 0
    rows: dict[str, int] = {}
    verify: tuple[str, ...] = ()
    keys: str = ""
    mended: int = 0


class Checkpoint(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known to be published: everything before `position`, and the first `rows` changes
    after it, of one transaction.

    `seq` is the number of the last change before `position`, `epoch` is reserved here before its
    first number is published. `server` is the identity of the server that was read, `started` when
    it was started (Unix seconds), `wrote_on` the file it began then, `capture` the configuration
    (canonical JSON) under which the changes after `position` were or will be numbered. `ts_ms`
    commit time of the last published change, `read_ts_ms` time up to which the source is read,
    `read_to` the place. `catch_up` while tables that came from another stream are read alone;
    `released` what this one gave up. `journal` is the last page of the journal that was written
    before this; pages up to `changed` were written before another server was read, or the same one
    restored, which agrees with the former up to `agreed`; those up to `cut` tell nothing any more
    (reset, moved without GTIDs). `lost` is what the last change of server lost.
    """

    position: Position
    seq: int
    epoch: int
    server: str
    capture: str
    rows: int = 0
    started: int = 0
    wrote_on: Position = Position()
    ts_ms: int = 0
    read_ts_ms: int = 0
    read_to: Position = Position()
    catch_up: CatchUp | None = None
    released: tuple[Release, ...] = ()
    journal: int = 0
    cut: int = 0
    changed: int = 0
    agreed: Position = Position()
    lost: Lost | None = None


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
