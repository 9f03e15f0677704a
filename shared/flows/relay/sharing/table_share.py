"""Table share: the tables of its stanza that a stream may capture.

Several relays may read one source, but each table is read by one of them. One item of the source
names the stream that holds each table. A stream claims a table there before it captures it. It
gives the table up there after it has stored the checkpoint without it. So a free table has no
publisher any more, and the item says up to where its former stream published it.
"""

from collections.abc import Collection, Mapping

import msgspec

from shared.adapters.state.streams import Streams
from shared.values.capture_configuration import CaptureConfiguration
from shared.values.checkpoint import Checkpoint, Release
from shared.values.errors import LeaseLost
from shared.values.relay_lease import Holding, Holdings
from shared.values.stream import source_of


class TableShare:
    """The share of one stream in the tables of its source, for the holder of its lease.

    token: that of the lease.
    others: the source's other deployed streams, and the tables that each one names.
    After `look`:
    waiting: tables that another stream still holds, and which one.
    taken: tables that a stream gave up before; they are read from there if it said where, and
        numbered above it.
    wanted: the configuration that may apply now.
    turns: the tables that the stream holds, with their turn.
    """

    def __init__(
        self,
        streams: Streams,
        stream: str,
        stanza: CaptureConfiguration,
        others: Mapping[str, Collection[str]],
        token: int,
    ) -> None:
        self._streams, self._stream, self.stanza, self._token = streams, stream, stanza, token
        self._others = others
        self.turns: dict[str, int] = {}
        self.waiting: dict[str, str] = {}
        self.taken: dict[str, Holding] = {}
        self.wanted = CaptureConfiguration({})

    @property
    def alone(self) -> bool:
        """Whether nobody else is known to want tables of this source, or to have some."""
        return not self._others and not self.waiting

    def look(self, point: Checkpoint | None) -> CaptureConfiguration:
        """Publish what was given up, claim what is free; returns what may be captured now.

        point: the stored checkpoint, or one that continues from it.
        Raises LeaseLost when a later holder of the stream's lease was here, StateUnavailable.
        """
        source, captured = source_of(self._stream), (point.tables if point else set())
        while True:
            seen = self._streams.holdings(source)
            if seen.tokens.get(self._stream, 0) > self._token:
                raise LeaseLost.of(self._stream)
            tables = dict(seen.tables)
            if point:
                self._give_up(tables, point.released, captured)
            self._claim(tables, captured)
            now = Holdings(tables, {**seen.tokens, self._stream: self._token}, seen.version)
            if now == seen or self._streams.hold(source, seen.version, now):
                break
        mine = {
            name
            for name, holding in tables.items()
            if holding.stream == self._stream and not holding.free
        }
        self.turns = {name: tables[name].turn for name in mine}
        self.waiting = {
            name: tables[name].stream for name in self.stanza.tables if name not in mine
        }
        self.taken = {
            name: tables[name]
            for name in self.stanza.tables
            if name in mine - captured and tables[name].epoch
        }
        self.wanted = self._only(mine)
        return self.wanted

    def released(self, point: Checkpoint, capture: CaptureConfiguration) -> tuple[Release, ...]:
        """The tables that a stream at `point` gives up, because `capture` lacks them.

        Each goes to another stream, if one wants it.
        """
        wanted = {name for tables in self._others.values() for name in tables}
        gone, kept = point.tables - capture.tables.keys(), set(capture.tables)
        releases = [release for release in point.released if release.tables.keys() - gone - kept]
        for position, names in point.places():
            turns = {name: self.turns[name] for name in sorted(names & gone) if name in self.turns}
            if moved := {name: turn for name, turn in turns.items() if name in wanted}:
                releases.append(Release(moved, point.epoch, position, point.server))
            if ended := {name: turn for name, turn in turns.items() if name not in wanted}:
                releases.append(Release(ended, point.epoch))
        return tuple(releases)

    def _give_up(
        self, tables: dict[str, Holding], releases: Collection[Release], captured: Collection[str]
    ) -> None:
        for release in releases:
            for name, turn in release.tables.items():
                held = tables.get(name)
                if (
                    held
                    and held.stream == self._stream
                    and held.turn == turn
                    and not held.free
                    and name not in captured
                ):
                    tables[name] = Holding(
                        self._stream, turn, True, release.epoch, release.position, release.server
                    )

    def _claim(self, tables: dict[str, Holding], captured: Collection[str]) -> None:
        for name in captured:  # also what an earlier version captured, which claimed nothing
            tables.setdefault(name, Holding(self._stream))
        for name in self.stanza.tables:
            held = tables.get(name)
            if held is None:
                tables[name] = Holding(self._stream)
            elif held.free:
                tables[name] = msgspec.structs.replace(
                    held, stream=self._stream, turn=held.turn + 1, free=False
                )
        for name, held in tables.items():
            if (
                held.stream == self._stream
                and not held.free
                and name not in captured
                and name not in self.stanza.tables
            ):
                tables[name] = msgspec.structs.replace(
                    held, free=True
                )  # claimed, never captured, and no longer wanted

    def _only(self, names: Collection[str]) -> CaptureConfiguration:
        return self.stanza.only(names)
