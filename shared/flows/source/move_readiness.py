"""Move readiness: whether a stream may move to another server, and the reasons to wait."""

from typing import Literal

import msgspec

from shared.adapters.binlog.contract import Binlog
from shared.flows.relay.failover.journal import Journal
from shared.flows.relay.failover.missing_transactions import find_missing
from shared.flows.relay.relay_setup import RelaySetup
from shared.flows.source.move_target import require_place, try_reading
from shared.values.checkpoint import Checkpoint
from shared.values.errors import (
    ConfigError,
    PositionLost,
    RowlineError,
    SourceError,
    SourceUnavailable,
)
from shared.values.position import Position

Way = Literal["there", "gtids", "place"]
"""Checkpoint already of that server; position from GTIDs; position from the user."""


class Readiness(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether a stream may move from one server to another now.

    way: how the position on the new server is found.
    server, target: identities of both servers.
    published: everything up to this position is published.
    place: where reading would continue on the target.
    waits_for: the reason to wait; empty without one. With GTIDs: published ones that the target
        lacks. Without: the end of the old server's binlog.
    holder: the relay that publishes up to there; empty if none runs.
    rows, verify: rows by table, and tables, that would be listed as lost now.
    """

    stream: str
    way: Way
    server: str
    target: str
    published: str
    place: str
    waits_for: str = ""
    holder: str = ""
    rows: dict[str, int] = {}
    verify: tuple[str, ...] = ()


class LookAtStream:
    """Looks at one stream and changes nothing.

    at: the position on the new server; None with GTIDs.
    """

    def __init__(self, setup: RelaySetup, at: Position | None) -> None:
        self._setup, self._at = setup, at
        self._stream, self._thing = setup.source.stream, f"stream {setup.source.name}"
        self._old_end: Position | None = None
        self._tried = False

    def readiness(self, target: Binlog, point: Checkpoint) -> Readiness:
        """Whether the stream, published up to `point`, may move to `target`.

        Raises SourceError, SourceUnavailable, PositionLost (the stream cannot continue on this
        server), ConfigError (`at` is missing, wrong or not needed), StackError.
        """
        here = target.identity()
        if here == point.server:
            return Readiness(
                self._stream, "there", here, here, str(point.position), str(point.position)
            )
        readiness = self._by_gtids(target, here, point)
        return readiness or self._by_place(target, here, point)

    def _by_gtids(self, target: Binlog, here: str, point: Checkpoint) -> Readiness | None:
        """The readiness by GTIDs; None when they give no position, and the user gives one."""
        if not point.position.gtids:
            return None
        journal = Journal(self._setup.claims, self._stream, point.lineage.journal)
        try:
            missing = find_missing(
                target,
                here,
                point,
                journal,
                self._setup.source.tables,
                self._stream,
                restarted=False,
            )
        except PositionLost as error:
            if self._at:
                return None
            hint = (
                f"{error.hint} A copy that never replicated needs its place given: --at "
                "FILE:OFFSET."
            )
            raise PositionLost(error.what, thing=error.thing, hint=hint) from None
        if missing is None:
            raise RuntimeError("another server was taken for the one that was read")
        if self._at:
            raise ConfigError(
                "is not needed: GTIDs give the position.",
                thing="--at",
                hint=f"It is {missing.position.gtids}. Leave --at out.",
            )
        self._try(target, missing.position)
        rows = {name: len(some.keys) for name, some in sorted(missing.rows.items())}
        verify = tuple(sorted(missing.verify)) if missing.gtids else ()
        return Readiness(
            self._stream,
            "gtids",
            point.server,
            here,
            point.position.gtids,
            missing.position.gtids,
            missing.gtids,
            rows=rows,
            verify=verify,
        )

    def _by_place(self, target: Binlog, here: str, point: Checkpoint) -> Readiness:
        if self._at is None:
            raise ConfigError(
                f"is read up to {point.position} without GTIDs, so that place is not known on "
                f"{here}.",
                thing=self._thing,
                hint=(
                    "Give the place there with --at FILE:OFFSET: the end of its binlog when it "
                    "had everything from the old server and no writer yet. It now ends at "
                    f"{target.latest()}."
                ),
            )
        require_place(target, self._at)
        self._try(target, self._at)
        end = self._end_of_old(point)
        waits_for = "" if _complete(point, end) else str(end)
        holder = self._setup.streams.load(self._stream)[0].holder
        return Readiness(
            self._stream,
            "place",
            point.server,
            here,
            str(point.position),
            str(self._at),
            waits_for,
            holder,
        )

    def _try(self, target: Binlog, position: Position) -> None:
        """Check once that the target has the binlog from the position on."""
        if not self._tried:
            try_reading(target, position)
            self._tried = True

    def _end_of_old(self, point: Checkpoint) -> Position:
        """The end of the old server's binlog, which must not move.

        A change that is written there after the new position was noted would be skipped.
        """
        try:
            old = self._setup.open_binlog(self._setup.source.tables, 0)
            try:
                found, end = old.identity(), old.latest()
            finally:
                old.close()
        except SourceUnavailable as error:
            raise SourceUnavailable(error.what, thing=error.thing, hint=_NOT_ASKED) from None
        if found != point.server:
            raise SourceError(
                f"its secret leads to {found}, but {point.server} was read: only that server can "
                "show whether all of its changes are published.",
                thing=self._thing,
                hint=f"Point the secret back until the move is stored. {_NOT_ASKED}",
            )
        self._old_end = self._old_end or end
        if end != self._old_end:
            raise SourceError(
                f"server {found} still writes: its binlog ended at {self._old_end}, and now at "
                f"{end}.",
                thing=self._thing,
                hint=(
                    "Stop all writers (read_only, and super_read_only where there is one), note "
                    "the new server's place again, then run this again."
                ),
            )
        return end

    def checkpoint(self) -> Checkpoint:
        """The stream's present checkpoint. Raises RowlineError without one."""
        _, point = self._setup.streams.load(self._stream)
        if point is None:
            raise RowlineError(
                "was never read, so there is nothing to move.",
                thing=self._thing,
                hint="Point its secret at the new server: it begins there.",
            )
        return point


_NOT_ASKED = (
    "Is the old server gone for good? Point the secret at the new one, then `rowline "
    "source reset --start FILE:OFFSET` with the place there, and backfill."
)


def _complete(point: Checkpoint, end: Position) -> bool:
    """Whether everything before the end is published, and no other work is unfinished."""
    return (
        point.rows == 0
        and point.catch_up is None
        and not point.is_rereading
        and point.position.reaches(end)
    )
