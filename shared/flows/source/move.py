"""Move: a planned change of the server that a stream is read from.

By GTIDs the relay finds its place on the other server by itself (`lost.find`): here that is only
tried beforehand. Without them the place there must be given. It is stored once everything that the
old server wrote is published, under the lease and in a new epoch; a relay that still finds the old
server then refuses to read it. Killed at any point, either place stands, and the command is run
again.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from shared.adapters.binlog.contract import Binlog
from shared.domain.server_identity import run_of
from shared.flows.relay.failover import lost
from shared.flows.relay.failover.journal import Journal
from shared.flows.relay.lease.taking import wait_for_lease
from shared.flows.relay.setup import RelaySetup
from shared.flows.source.target import require_place, try_reading
from shared.values.capture_configuration import CaptureConfiguration, read_configuration
from shared.values.checkpoint import Checkpoint
from shared.values.errors import (
    ConfigError,
    PositionLost,
    RowlineError,
    SourceError,
    SourceUnavailable,
)
from shared.values.lease import Lease
from shared.values.lineage import Lineage
from shared.values.position import Position
from shared.values.seq import next_epoch
from shared.values.stream import source_of

LOOK_SECONDS = 1.0

Way = Literal["there", "gtids", "place"]
"""The stream's checkpoint is that server's already; GTIDs tell the place; it must be given."""


class Standing(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a stream stands towards the server it is to move to, from `server` to `target`
    (identities).

    Everything up to `published` is published; reading would go on at `place` of the target.
    `waits_for` is what has to come first: GTIDs that are published and that the target lacks (`way`
    gtids), of which `rows` by table and tables to `verify` would be listed as lost now; or the end
    of the old server's binlog, which is not published yet (`place`), by the relay `holder` (empty:
    none runs now). Empty: it may be moved.
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


class Move:
    """One stream's move to the server that `open_target` connects to; `at` is the place there
    (None: GTIDs are to tell).

    `look` changes nothing. `wait` and `apply` wait until nothing has to come first, telling how it
    stands; `job.stop` ends that.
    """

    def __init__(
        self,
        job: RelaySetup,
        open_target: Callable[[], Binlog],
        at: Position | None,
        tell: Callable[[Standing], None] = lambda _: None,
    ) -> None:
        self._job, self._open_target, self._at, self._tell = job, open_target, at, tell
        self._stream, self._thing = job.source.stream, f"stream {job.source.name}"
        self._old_end: Position | None = None
        self._tried = False

    def look(self) -> Standing:
        """Raises SourceError, SourceUnavailable, PositionLost (this server cannot go on where the
        stream is), ConfigError (`at` is missing, wrong or not needed), StackError.
        """
        target = self._open_target()
        try:
            return self._look(target, self._load())
        finally:
            target.close()

    def wait(self) -> Standing:
        """Until `look` finds nothing that has to come first. Raises as it does, and RowlineError
        when told to stop.
        """
        while True:
            standing = self.look()
            if standing.way == "gtids":
                self._require_redirected(standing)
            if not standing.waits_for:
                return standing
            self._tell(standing)
            if self._job.stop.wait(LOOK_SECONDS):
                raise self._stopped()

    def apply(self) -> Standing:
        """By GTIDs: the relay is made to connect anew, to where the source's secret leads by now.
        By place: the checkpoint is stored. Raises as `wait` does, and LeaseLost.
        """
        while True:
            standing = self.wait()
            if standing.way == "there":
                return standing
            if done := self._under_lease():
                return done

    def _look(self, target: Binlog, point: Checkpoint) -> Standing:
        here = target.identity()
        if here == point.server:
            return Standing(
                self._stream, "there", here, here, str(point.position), str(point.position)
            )
        standing = self._by_gtids(target, here, point)
        return standing or self._by_place(target, here, point)

    def _by_gtids(self, target: Binlog, here: str, point: Checkpoint) -> Standing | None:
        """None when they tell nothing, and a place is given."""
        if not point.position.gtids:
            return None
        journal = Journal(self._job.claims, self._stream, point.lineage.journal)
        try:
            found = lost.find(
                target, here, point, journal, self._job.source.tables, self._stream, restarted=False
            )
        except PositionLost as error:
            if self._at:
                return None
            hint = (
                f"{error.hint} A copy that never replicated needs its place given: --at "
                "FILE:OFFSET."
            )
            raise PositionLost(error.what, thing=error.thing, hint=hint) from None
        if found is None:
            raise RuntimeError("another server was taken for the one that was read")
        if self._at:
            raise ConfigError(
                "is not needed: GTIDs tell the place.",
                thing="--at",
                hint=f"It is {found.position.gtids}. Leave --at out.",
            )
        self._try(target, found.position)
        rows = {name: len(some.keys) for name, some in sorted(found.rows.items())}
        verify = tuple(sorted(found.verify)) if found.gtids else ()
        return Standing(
            self._stream,
            "gtids",
            point.server,
            here,
            point.position.gtids,
            found.position.gtids,
            found.gtids,
            rows=rows,
            verify=verify,
        )

    def _by_place(self, target: Binlog, here: str, point: Checkpoint) -> Standing:
        if self._at is None:
            raise ConfigError(
                f"is read up to {point.position} without GTIDs: nothing tells where that is on "
                f"{here}.",
                thing=self._thing,
                hint=(
                    "Give the place there with --at FILE:OFFSET: the end of its binlog when it "
                    "had everything of the old server and no writer yet. It ends at "
                    f"{target.latest()} now."
                ),
            )
        require_place(target, self._at)
        self._try(target, self._at)
        end = self._end_of_old(point)
        waits_for = "" if _complete(point, end) else str(end)
        holder = self._job.streams.load(self._stream)[0].holder
        return Standing(
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
        """Once: what comes later is there too."""
        if not self._tried:
            try_reading(target, position)
            self._tried = True

    def _end_of_old(self, point: Checkpoint) -> Position:
        """The end of the old server's binlog, which must stay where it is: what is written there
        after the place on the new one was noted would be skipped.
        """
        try:
            old = self._job.open_binlog(self._job.source.tables, 0)
            try:
                found, end = old.identity(), old.latest()
            finally:
                old.close()
        except SourceUnavailable as error:
            raise SourceUnavailable(error.what, thing=error.thing, hint=_NOT_ASKED) from None
        if found != point.server:
            raise SourceError(
                f"its secret leads to {found}, and {point.server} is the one that was read: "
                "whether everything there is published must be asked there.",
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

    def _require_redirected(self, standing: Standing) -> None:
        binlog = self._job.open_binlog(self._job.source.tables, 0)
        try:
            found = binlog.identity()
        finally:
            binlog.close()
        if found != standing.target:
            raise SourceError(
                f"its secret still leads to {found}.",
                thing=self._thing,
                hint=(
                    f"Put the address of {standing.target} into secret {self._job.source.secret}, "
                    "then run this again: the relay then connects there."
                ),
            )

    def _under_lease(self) -> Standing | None:
        """Take the lease, look again at what the relay left, store the move; None when it published
        up to elsewhere meanwhile.
        """
        lease, _ = wait_for_lease(self._job)
        if lease is None:
            raise self._stopped()
        new = None
        try:
            target = self._open_target()
            try:
                point = self._load()
                standing = self._look(target, point)
                if standing.waits_for:
                    return None
                if standing.way == "place":
                    self._require_settled(point, standing.target)
                    new = self._moved(point, target, lease)
            finally:
                target.close()
        finally:
            self._job.streams.release(self._stream, lease, new)
        return standing

    def _moved(self, point: Checkpoint, target: Binlog, lease: Lease) -> Checkpoint:
        if self._at is None:
            raise RuntimeError("no place was given")
        epoch = next_epoch(point.epoch, lease.raise_epoch)
        journal = Journal(self._job.claims, self._stream, point.lineage.journal).end()
        return msgspec.structs.replace(
            point.renumbered(epoch),
            position=self._at,
            lineage=Lineage.cut_off(run_of(target), journal, self._at),
            capture=CaptureConfiguration(read_configuration(point.capture).tables).text(),
            read_to=self._at,
        )

    def _require_settled(self, point: Checkpoint, target: str) -> None:
        """Where a table was given up is a place that the new server does not know: who takes the
        table must have read from there before.
        """
        captured, wanted = (
            point.tables,
            set(self._job.source.tables).union(*self._job.others.values()),
        )
        for name, held in sorted(
            self._job.streams.holdings(source_of(self._stream)).tables.items()
        ):
            on_its_way = held.free or (held.stream == self._stream and name not in captured)
            if (
                name in wanted
                and on_its_way
                and held.position != Position()
                and held.server != target
            ):
                raise RowlineError(
                    f"table {name} is on its way from one relay of the source to another.",
                    thing=self._thing,
                    hint=(
                        "Wait until `rowline status` shows that no relay waits for it, then run "
                        "this again."
                    ),
                )

    def _stopped(self) -> RowlineError:
        return RowlineError("was not moved: it was told to stop.", thing=self._thing)

    def _load(self) -> Checkpoint:
        _, point = self._job.streams.load(self._stream)
        if point is None:
            raise RowlineError(
                "was never read, so there is nothing to move.",
                thing=self._thing,
                hint="Point its secret at the new server: it begins there.",
            )
        return point


def move_all(moves: Sequence[Move]) -> list[Standing]:
    """Streams of one source: all of them wait before the first is moved, because there is no way
    back from a place. Raises as `Move.apply` does.
    """
    for move in moves:
        move.wait()
    return [move.apply() for move in moves]


_NOT_ASKED = (
    "Is the old server gone for good? Point the secret at the new one, then `rowline "
    "source reset --start FILE:OFFSET` with the place there, and backfill."
)


def _complete(point: Checkpoint, end: Position) -> bool:
    """Whether everything before the end is published, and nothing else is under way."""
    return (
        point.rows == 0
        and point.catch_up is None
        and not point.is_rereading
        and point.position.reaches(end)
    )
