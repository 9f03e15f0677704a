"""Lease acquisition: how a relay gets the lease of its stream."""

from shared.adapters.state.streams import Streams
from shared.flows.relay.lease import lease_margins
from shared.flows.relay.lease.waiting_for_holder import is_outdated, leaves_to_holder
from shared.flows.relay.relay_setup import Manner
from shared.values.relay_lease import Lease


class LeaseAcquisition:
    """One relay's way to the lease: `step` until it returns a lease, or `busy` is set.

    manner: `leave` gives way to a holder that is running, unless it ends soon or runs another
        `version`; `take` asks it to yield.
    busy: another relay is running and continues.
    A holder that vanished is recognised by its beat, which does not move for lease time + request
    time while this process watches.
    """

    def __init__(
        self, streams: Streams, stream: str, holder: str, *, manner: Manner, version: str = ""
    ) -> None:
        self._streams, self._stream, self._holder, self._manner, self._version = (
            streams,
            stream,
            holder,
            manner,
            version,
        )
        self._seen: Lease | None = None
        self._seen_at = 0.0
        self._asked = False
        self.busy = False

    def step(self, now: float) -> Lease | None:
        """Look once, and take the lease when it is free.

        now: monotonic seconds, taken before the call.
        Raises StateUnavailable.
        """
        lease, _ = self._streams.load(self._stream)
        if self._seen is None or (lease.token, lease.beat) != (self._seen.token, self._seen.beat):
            lives = (
                self._seen is not None and lease.token == self._seen.token and bool(lease.holder)
            )
            self._seen, self._seen_at = lease, now
            self.busy = lives and leaves_to_holder(lease, self._manner, self._version)
        if self._free(lease, now):
            return self._streams.acquire(self._stream, lease, self._holder)
        if (
            lease.holder
            and not self._asked
            and (self._manner == "take" or is_outdated(lease, self._version))
        ):
            self._streams.ask(self._stream, wanted=self._holder)
            self._asked = True
        return None

    def _free(self, lease: Lease, now: float) -> bool:
        still = now - self._seen_at
        if lease.holder:
            return still >= lease_margins.LEASE_SECONDS + lease_margins.REQUEST_SECONDS
        # Given back. Who asked for it goes first, unless it does not come.
        return lease.wanted in ("", self._holder) or still >= lease_margins.LEASE_SECONDS
