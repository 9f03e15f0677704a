"""Publisher: sends requests, and owns the groups of each one until they are settled."""

import logging
import time
from collections.abc import Callable

from shared.adapters.topic.contract import Topic
from shared.domain.message_packing import Parcel
from shared.flows.relay.publishing.outbox import Outbox

log = logging.getLogger("rowline.relay")

TELL_SECONDS = 10.0
"""Failures are reported at most this often: a throttling SNS causes many. Metrics count them."""


class Publisher:
    """Takes requests from the outbox and sends them.

    held: whether the lease is surely held. SNS checks no token, so nothing else would stop a
        request.
    traced: takes an acknowledged message that is traced, and when its request began and ended, in
        seconds since 1970.
    clock: seconds since 1970. Each message says when it was published, so that consumers recognise
        one that somebody sends again later.
    """

    def __init__(
        self,
        outbox: Outbox,
        topic: Topic,
        held: Callable[[float], bool],
        traced: Callable[[Parcel, float, float], None] = lambda _parcel, _began, _ended: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._outbox, self._topic, self._held, self._traced = outbox, topic, held, traced
        self._clock = clock
        self._began = self._ended = 0.0
        self._told_at = -TELL_SECONDS

    def begin(self, now: float) -> list[Parcel]:
        """The next request, or nothing when none is due or the lease is not surely held."""
        return self._outbox.take(now) if self._held(now) else []

    def send(self, parcels: list[Parcel]) -> list[str | None]:
        """One PublishBatch. Raises TopicError."""
        self._began = self._clock()
        fates = self._topic.publish([parcel.published_at(self._began) for parcel in parcels])
        self._ended = self._clock()
        return fates

    def finish(self, parcels: list[Parcel], fates: list[str | None], now: float) -> None:
        failed = [fate for fate in fates if fate is not None]
        if failed and now >= self._told_at + TELL_SECONDS:
            self._told_at = now
            log.warning(
                "%d of %d messages were not acknowledged (%s); they are sent again",
                len(failed),
                len(fates),
                failed[0],
            )
        self._outbox.settle(parcels, fates, now)
        for parcel, fate in zip(parcels, fates, strict=True):
            if parcel.trace and fate is None:
                self._traced(parcel, self._began, self._ended)
