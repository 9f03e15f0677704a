"""Succession: a relay that is no longer deployed leaves its tables to those that wait for them,
once it has surely ended.
"""

import logging
from collections.abc import Collection, Mapping

from shared.adapters.state.streams import Streams
from shared.flows.relay.lease.waiting import Waiting
from shared.flows.relay.sharing.handover import empty_handed
from shared.flows.relay.sharing.share import Share
from shared.values.capture_configuration import CaptureConfiguration
from shared.values.errors import LeaseLost

log = logging.getLogger("rowline.relay")


class Succession:
    """Steps of the stream `heir` towards the tables of streams that nobody is deployed to read.
    Only the holder of a stream's lease gives up its tables: so the lease is waited for as by any
    relay, and a relay of an older deployment that still runs is asked to yield.
    """

    def __init__(
        self,
        streams: Streams,
        heir: str,
        holder: str,
        others: Mapping[str, Collection[str]],
        tables: Collection[str],
    ) -> None:
        self._streams, self._holder, self._deployed = streams, holder, {*others, heir}
        self._wanted = {**others, heir: tables}
        self._waiting: dict[str, Waiting] = {}

    def step(self, holding: Collection[str], now: float) -> None:
        """Look once at each of the streams that hold what is waited for, `now` in monotonic
        seconds. Raises StateUnavailable.
        """
        for stream in sorted(set(holding) - self._deployed):
            self._end(stream, now)

    def _end(self, stream: str, now: float) -> None:
        waiting = self._waiting.setdefault(
            stream, Waiting(self._streams, stream, self._holder, manner="take")
        )
        lease = waiting.step(now)
        if lease is None:
            return
        del self._waiting[stream]
        try:
            _, point = self._streams.load(stream)
            share = Share(
                self._streams, stream, CaptureConfiguration({}), self._wanted, lease.token
            )
            share.look(point)
            if point and point.tables:
                point = empty_handed(point, share.released(point, CaptureConfiguration({})))
                lease = self._streams.renew(stream, lease, point)
                share.look(point)
            self._streams.release(stream, lease, None)
        except LeaseLost:
            return
        log.warning("stream %s, which no relay is deployed for, has given up its tables", stream)
