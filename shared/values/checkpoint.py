"""Checkpoint: how far a stream is published, and what a relay needs to continue from there."""

from typing import Any

import msgspec

from shared.values.capture_configuration import CaptureConfiguration, read_configuration
from shared.values.counted import counted
from shared.values.coverage import SegmentStart
from shared.values.lineage import Lineage
from shared.values.position import Position
from shared.values.seq import make_seq
from shared.values.stopped import Stopped


class Release(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tables that a stream has given up.

    It published everything before `position` of `server` in epochs up to `epoch`, and nothing
    after.

    tables: name → `Holding.turn` in which it was held.
    position: empty if no other stream was to take the tables.
    """

    tables: dict[str, int]
    epoch: int
    position: Position = Position()
    server: str = ""


class Leg(msgspec.Struct, frozen=True):
    """Tables that another stream gave up at `position`; they are read alone from there."""

    position: Position
    tables: tuple[str, ...]


class CatchUp(msgspec.Struct, frozen=True):
    """The reading of tables that a stream took over, before it continues for all tables.

    until, capture: the position and the configuration with which it then continues.
    legs: those still to come. The checkpoint's own position and capture are those of the present
        leg.
    """

    until: Position
    capture: str
    legs: tuple[Leg, ...] = ()


class Lost(msgspec.Struct, frozen=True, omit_defaults=True):
    """Published transactions that `server` lacks, because it was restored or replaced another
    server.

    at_ms: when that was found, Unix ms.
    gtids: the transactions, in at most about 1,000 characters.
    transactions: the number of those whose rows are known.
    rows: how many rows of each table these touched.
    verify: the tables of the other transactions.
    keys: address of the object with the rows that are still to be read again; empty if none are.
    reread: the number of changes that published their present state.
    """

    server: str
    at_ms: int
    gtids: str
    transactions: int = 0
    rows: dict[str, int] = {}
    verify: tuple[str, ...] = ()
    keys: str = ""
    reread: int = msgspec.field(default=0, name="mended")

    @property
    def pending(self) -> bool:
        """Whether rows are still to be read again."""
        return bool(self.keys)

    def summary(self) -> str:
        """One line for people, without values of rows."""
        rows = ", ".join(f"{name} {count:,}" for name, count in self.rows.items())
        state = (
            "are being read again"
            if self.pending
            else f"were read again, {counted(self.reread, 'change')} published"
        )
        parts = [
            f"{self.gtids} ({self.transactions:,} of captured tables)",
            *([f"rows {state}: {rows}"] if rows else []),
        ]
        if self.verify:
            parts.append(
                f"rows not known of {', '.join(self.verify)}: "
                "run `rowline verify CONSUMER --repair`"
            )
        return "; ".join(parts)


class Checkpoint(msgspec.Struct, frozen=True, omit_defaults=True):
    """The published part of a stream.

    It is everything before `position`, and the first `rows` changes after it, of one transaction.

    rows: the first changes of one transaction.
    seq: number of the last change before `position`.
    epoch: the epoch of the stream; it is stored here before its first number is published.
    lineage: the server that was read, and those before it.
    capture: configuration (canonical JSON) that numbers the changes after `position`.
    ts_ms: commit time of the last published change.
    read_ts_ms, read_to: time and place up to which the source is read.
    catch_up: set while tables from another stream are read alone.
    released: tables that this stream gave up.
    lost: the transactions that the last change of server lost.
    stopped: tables that stopped alone, and those that were captured again lately.
    segment: where the present segment of the stream's coverage begins.
    """

    position: Position
    seq: int
    epoch: int
    lineage: Lineage
    capture: str
    rows: int = 0
    ts_ms: int = 0
    read_ts_ms: int = 0
    read_to: Position = Position()
    catch_up: CatchUp | None = None
    released: tuple[Release, ...] = ()
    lost: Lost | None = None
    stopped: dict[str, Stopped] = {}
    segment: SegmentStart | None = None

    @classmethod
    def begin(cls, position: Position, epoch: int, lineage: Lineage, capture: str) -> "Checkpoint":
        """Nothing of `epoch` is published; reading begins at `position`."""
        return cls(position, make_seq(epoch, 0), epoch, lineage, capture, read_to=position)

    @property
    def server(self) -> str:
        """Identity of the server that was read."""
        return self.lineage.server

    def renumbered(self, epoch: int) -> "Checkpoint":
        """The same place; the changes after it begin the numbers of `epoch`."""
        return msgspec.structs.replace(self, seq=make_seq(epoch, 0), epoch=epoch, rows=0)

    def text(self) -> str:
        """The stored form: one flat JSON object that also has the lineage's fields."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        lineage = plain.pop("lineage")
        return msgspec.json.encode({**lineage, **plain}).decode()

    def places(self) -> list[tuple[Position, set[str]]]:
        """How far the stream has come, by table: everything before each place is published."""
        here = set(read_configuration(self.capture).tables)
        if self.catch_up is None:
            return [(self.position, here)]
        legs = [(leg.position, set(leg.tables)) for leg in self.catch_up.legs]
        apart = here.union(*(names for _, names in legs))
        rest = read_configuration(self.catch_up.capture).tables.keys() - apart
        return [(self.position, here), *legs, (self.catch_up.until, rest)]

    @property
    def whole(self) -> CaptureConfiguration:
        """Everything that the stream captures, also while it reads some tables alone."""
        return read_configuration((self.catch_up or self).capture)

    @property
    def tables(self) -> set[str]:
        """The tables that the stream captures, including those that it still catches up with."""
        return set().union(*(names for _, names in self.places()))

    @property
    def is_rereading(self) -> bool:
        """Whether rows that lost transactions touched are still to be read again."""
        return self.lost is not None and self.lost.pending


def read_checkpoint(text: str) -> Checkpoint:
    """Read the output of `text()`, of this version or an earlier one."""
    plain: dict[str, Any] = msgspec.json.decode(text)
    lineage = {name: plain.pop(name) for name in Lineage.__struct_fields__ if name in plain}
    return msgspec.convert({**plain, "lineage": lineage}, Checkpoint)
