"""The world in which servers lose what was published: a fail-over to one that lacks the last
transactions, a restore to an earlier point.
"""

import zlib

import msgspec

from shared.flows.relay.failover.journal import JournalPage
from shared.values.change import Change
from shared.values.checkpoint import Checkpoint
from shared.values.message_group import group_id
from shared.values.seq import split_seq
from tests.worlds.relay.world import CONFIGURATIONS, SOURCE, Relay, RelayWorld

LosingPlace = tuple[str, int]
"""A row: (table, id)."""


class LosingWorld(RelayWorld):
    """One stream, one configuration. What arrives is also applied to a store of the latest state,
    which in the end must hold what the last server holds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.configuration = {SOURCE: CONFIGURATIONS[0][SOURCE]}
        self._latest: dict[LosingPlace, Change] = {}
        self._read_again: dict[LosingPlace, Change] = {}
        self._applied = 0

    def fail_over(self, missing: int) -> None:
        """A server that was restored has used GTIDs twice: nobody could tell that of another one
        that took its place before any relay saw it.

        A stream that noted no transaction yet knows no place but its last one. A server that lacks
        that place is an error with a way out, not of interest here.
        """
        _, point = self.streams.load(SOURCE)
        if point is not None and not point.lineage.journal:
            missing = 0
        if (
            point is None
            or point.server != self.server.identity
            or point.lineage.started == self.server.started
        ):
            self._promote(self._lose(missing, 1))

    def restore(self, missing: int) -> None:
        """The same server goes on as it was before the last transactions: its next ones bear the
        same GTIDs. Restored to before the file that is read, with no change noted before it, nobody
        could tell the place.
        """
        begun = self.server.files[-1][0]
        if len(self.server.history) > begun:
            self.server = self.server.restored(self._lose(missing, begun + 1), self._start_time())

    def turned(self, stream: str, before: Checkpoint | None, after: Checkpoint) -> None:
        if before and after.epoch != before.epoch:
            self.epochs[stream, before.epoch] = split_seq(before.seq + before.rows)[1]

    def check(self) -> None:
        super().check()
        for group, change in self.topic.delivered[self._applied :]:
            self._apply((self.topic.tables[group], change.key["id"]), change)
        self._applied = len(self.topic.delivered)

    def _apply(self, row: LosingPlace, change: Change) -> None:
        """In the epoch in which a row was read again, nothing older of it comes behind that."""
        if row not in self._latest or self._latest[row].seq < change.seq:
            self._latest[row] = change
        if change.id.startswith("reread:"):
            self._read_again[row] = change
            return
        again = self._read_again.get(row)
        if (
            again
            and again.after
            and split_seq(again.seq)[0] == split_seq(change.seq)[0]
            and again.seq < change.seq
        ):
            assert int(change.id.partition("@")[2].partition("/")[0]) > again.after["seller"], (
                f"row {row} goes back in time"
            )

    def _at_rest(self, relay: Relay) -> bool:
        point = relay.outbox and relay.outbox.acknowledged()
        return super()._at_rest(relay) and point is not None and not point.is_rereading

    def _check_coverage(self) -> None:
        """The latest state that was delivered is what the server holds: but for rows of lost
        transactions that were published in the last second before relay and server died, which
        nobody noted.
        """
        held, unknown = self.server.rows(), self._not_noted()
        for row, change in self._latest.items():
            if row not in unknown:
                delivered = None if change.op == "d" else change.after
                assert delivered == held.get(row), f"{row}: {delivered} instead of {held.get(row)}"

    def _not_noted(self) -> set[LosingPlace]:
        noted = set()
        for name, body in self.claims.objects.items():
            if "/journal/" in name:
                page = msgspec.json.decode(zlib.decompress(body), type=JournalPage)
                for gtid, rows in page.transactions:
                    noted |= {
                        (gtid, page.tables[each.table][0], msgspec.json.decode(each.key[0]))
                        for each in rows
                        if each.key
                    }
        touched = {
            (gone.gtid, table.full_name, row["id"])
            for gone in self.lost
            for table, _, before, after in gone.ops
            for row in (before, after)
            if row
        }
        return {(table, key) for _, table, key in touched - noted}

    def _expected(
        self, *, everything: bool = False, first: int = 0, end: int | None = None
    ) -> dict[str, list[str]]:
        return super()._expected(everything=True, first=first, end=end)

    def _abandoned(self, group: str) -> bool:
        return group in [
            group_id(SOURCE, "shop", "c", shard) for shard in (0, 1)
        ]  # which is not captured
