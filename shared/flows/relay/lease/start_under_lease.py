"""Start under the lease of a stream: asking for it, and loading what its former holder left."""

import logging
import time

from shared.flows.relay.lease.lease_acquisition import LeaseAcquisition
from shared.flows.relay.relay_setup import RelaySetup
from shared.values.checkpoint import Checkpoint
from shared.values.errors import StateUnavailable
from shared.values.relay_lease import Lease

log = logging.getLogger("rowline.relay")

LOOK_SECONDS, AGAIN_SECONDS = 0.3, 0.5


def acquire_lease(setup: RelaySetup) -> tuple[Lease | None, float]:
    """The lease, and the time (monotonic) at which it was asked for.

    None when another relay is running, or when told to stop.
    """
    request = LeaseAcquisition(
        setup.streams, setup.source.stream, setup.holder, manner=setup.manner, version=setup.version
    )
    while not setup.stop.is_set():
        now = time.monotonic()
        try:
            lease = request.step(now)
        except StateUnavailable as error:
            log.warning("%s", error)
            lease = None
        if lease or request.busy:
            return lease, now
        setup.stop.wait(LOOK_SECONDS)
    return None, 0.0


def load_checkpoint(setup: RelaySetup) -> Checkpoint | None:
    """The checkpoint as the former holder left it: under the lease nobody else can write it.

    Raises StateUnavailable when told to stop meanwhile.
    """
    while True:
        try:
            return setup.streams.load(setup.source.stream)[1]
        except StateUnavailable as error:
            log.warning("%s", error)
            if setup.stop.wait(AGAIN_SECONDS):
                raise
