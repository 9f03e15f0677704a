"""Succession: a relay that is no longer deployed leaves its tables to the relays that want them.

First it must surely have ended.
"""

import logging
from collections.abc import Callable, Collection, Mapping

from shared.adapters.state.coverages import Coverages
from shared.adapters.state.streams import Streams
from shared.flows.relay.capture.coverage_segments import cover, uncovered, with_segment
from shared.flows.relay.capture.due_recorder import DueRecorder
from shared.flows.relay.lease.lease_acquisition import LeaseAcquisition
from shared.flows.relay.sharing.catching_up import empty_handed
from shared.flows.relay.sharing.table_share import TableShare
from shared.values.capture_configuration import CaptureConfiguration
from shared.values.errors import LeaseLost

log = logging.getLogger("rowline.relay")


class Succession:
    """Steps of the stream `heir` towards the tables of streams that no deployed relay reads.

    Only the holder of a stream's lease gives up its tables. So the heir waits for that lease like
    any relay, and asks a relay of an older deployment to yield.
    """

    def __init__(
        self,
        streams: Streams,
        coverage: Coverages,
        due: DueRecorder,
        heir: str,
        holder: str,
        others: Mapping[str, Collection[str]],
        tables: Collection[str],
        now_ms: Callable[[], int],
    ) -> None:
        self._streams, self._coverage, self._due = streams, coverage, due
        self._holder, self._deployed, self._now_ms = holder, {*others, heir}, now_ms
        self._wanted = {**others, heir: tables}
        self._requests: dict[str, LeaseAcquisition] = {}

    def step(self, holding: Collection[str], now: float) -> None:
        """Look once at each of the streams that hold what is waited for.

        now: monotonic seconds.
        Raises outages.
        """
        for stream in sorted(set(holding) - self._deployed):
            self._end(stream, now)

    def _end(self, stream: str, now: float) -> None:
        request = self._requests.setdefault(
            stream, LeaseAcquisition(self._streams, stream, self._holder, manner="take")
        )
        lease = request.step(now)
        if lease is None:
            return
        del self._requests[stream]
        try:
            _, point = self._streams.load(stream)
            share = TableShare(
                self._streams, stream, CaptureConfiguration({}), self._wanted, lease.token
            )
            share.look(point)
            cover(self._coverage, stream, point)
            if point and point.tables:
                before = point
                point = empty_handed(before, share.released(before, CaptureConfiguration({})))
                point = with_segment(before, point, self._now_ms())
                self._due.uncovered(stream, uncovered(before, point), point)
                lease = self._streams.renew(stream, lease, point)
            cover(self._coverage, stream, point)
            share.look(point)
            self._streams.release(stream, lease, None)
        except LeaseLost:
            return
        log.warning("stream %s, which no relay is deployed for, has given up its tables", stream)
