"""Lease keeper: renews the lease of a stream, and stores the checkpoint in the same write."""

import threading
from collections.abc import Callable
from typing import Any

import msgspec

from shared.adapters.state.streams import Streams
from shared.flows.relay.lease import lease_margins
from shared.values.checkpoint import Checkpoint
from shared.values.errors import LeaseLost
from shared.values.relay_lease import Lease


class LeaseKeeper:
    """The lease of a running relay. Safe for threads; times are monotonic seconds of this process.

    The time of a renewal is the time before it was asked for, so that it never lies after what a
    waiting relay observes.
    """

    def __init__(
        self,
        streams: Streams,
        stream: str,
        lease: Lease,
        asked_at: float,
        clock: Callable[[], float],
    ) -> None:
        self._streams, self.stream, self._clock = streams, stream, clock
        self._lease, self._renewed_at = lease, asked_at
        self._lost = False
        self._writing = threading.Lock()

    @property
    def raise_epoch(self) -> int:
        """An epoch above this one is asked for (0: none)."""
        return self._lease.raise_epoch

    @property
    def wanted(self) -> bool:
        """Whether another relay asked for the lease."""
        return self._lease.wanted not in ("", self._lease.holder)

    def held(self, now: float) -> bool:
        """Whether the lease is surely held: only then a request to the topic may start."""
        return not self._lost and now < self._renewed_at + lease_margins.LEASE_SECONDS

    def renew(
        self,
        checkpoint: Checkpoint | None,
        *,
        ends_ms: int | None = None,
        figures: dict[str, Any] | None = None,
    ) -> None:
        """Renew the lease. Raises LeaseLost, StateUnavailable (the lease lasts until its end)."""
        with self._writing:
            if self._lost:
                raise self._gone()
            asked_at = self._clock()
            mine = msgspec.structs.replace(
                self._lease,
                ends_ms=self._lease.ends_ms if ends_ms is None else ends_ms,
                figures=self._lease.figures if figures is None else figures,
            )
            try:
                self._lease = self._streams.renew(self.stream, mine, checkpoint)
            except LeaseLost:
                self._lost = True
                raise
            self._renewed_at = asked_at

    def release(
        self, checkpoint: Checkpoint | None, *, figures: dict[str, Any] | None = None
    ) -> None:
        """Give the lease back. Only when no request is under way any more. Raises LeaseLost,
        StateUnavailable.
        """
        with self._writing:
            if self._lost:
                raise self._gone()
            self._lost = True
            self._streams.release(
                self.stream,
                msgspec.structs.replace(self._lease, figures=figures or self._lease.figures),
                checkpoint,
            )

    def _gone(self) -> LeaseLost:
        return LeaseLost(
            "the lease is not held any more.",
            thing=f"stream {self.stream}",
            hint="See rowline status.",
        )
