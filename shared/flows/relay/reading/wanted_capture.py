"""Wanted capture: what a stream is to capture now, which changes while it is read."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from shared.flows.relay.capture.admission import EXAMINE_SECONDS, Admission
from shared.flows.relay.sharing.table_share import TableShare
from shared.values.capture_configuration import CaptureConfiguration
from shared.values.checkpoint import Checkpoint
from shared.values.relay_lease import Holding
from shared.values.stopped import Stopped

LOOK_SECONDS = 1.0
"""So often a relay that waits for a table looks whether it is free; one that waits for none, a
tenth as often.
"""


@dataclass(frozen=True)
class WantedCapture:
    """What a stream is to capture.

    capture: its tables, and those of them that are stopped.
    taken: tables that another stream gave up, which are read first.
    stopped: why tables are stopped.
    """

    capture: CaptureConfiguration
    taken: Mapping[str, Holding]
    stopped: Mapping[str, Stopped]

    @property
    def settled(self) -> CaptureConfiguration:
        """`capture` without what was another stream's before."""
        return self.capture.only(self.capture.tables.keys() - self.taken.keys())


class Wanting:
    """The tables that one stream should capture: its share, minus the stopped ones.

    succession: ends streams that hold wanted tables and that nobody reads any more.
    """

    def __init__(
        self,
        share: TableShare,
        admission: Admission,
        succession: Callable[[Collection[str], float], None],
    ) -> None:
        self._share, self._admission, self._succession = share, admission, succession
        self._look_at, self._examine_at = 0.0, 0.0
        self.now = WantedCapture(CaptureConfiguration({}), {}, {})

    def look(self, point: Checkpoint | None) -> WantedCapture:
        """What is wanted now of a stream that has come to `point`.

        Raises LeaseLost, SourceError when the source cannot be read at all, and outages.
        """
        stanza = self._share.stanza.tables
        self._admission.begin(begun=point is not None and point.whole.tables == stanza)
        self.now = self._wanted(point)
        return self.now

    def has_changed(self, point: Checkpoint, now: float) -> bool:
        """Whether something else is wanted than at the last look; asked between transactions.

        Another relay of the source may have given up tables, and a table that is stopped may be
        captured again. A process of another version may have claimed tables in this stream's name.
        """
        look = now >= self._look_at and not self._share.alone
        examine = now >= self._examine_at and bool(self.now.stopped)
        if look:
            self._look_at = now + (LOOK_SECONDS if self._share.waiting else LOOK_SECONDS * 10)
            self._succession(set(self._share.waiting.values()), now)
        if examine:
            self._examine_at = now + EXAMINE_SECONDS
            self._admission.examine()
        return (look or examine) and self._wanted(point).capture != self.now.capture

    def _wanted(self, point: Checkpoint | None) -> WantedCapture:
        capture = self._admission.keyed(self._share.look(point))
        stopped = self._admission.stopped(point, capture)
        return WantedCapture(capture.stopping(stopped), self._share.taken, stopped)
