"""Waiting for the holder: whether a relay waits until a lease is free, or leaves the stream."""

from shared.flows.relay.relay_setup import Manner
from shared.values.relay_lease import Lease

ENDS_SOON_MS = 65_000
"""A holder that ends within this time is waited for: the next invocation of a scheduled relay comes
after a minute.
"""


def leaves_to_holder(lease: Lease, manner: Manner, version: str) -> bool:
    """Whether a relay that comes leaves the stream to a holder that lives.

    manner, version: of the relay that comes.
    """
    return (
        manner == "leave"
        and not (lease.ends_ms and lease.ends_ms <= ENDS_SOON_MS)
        and not is_outdated(lease, version)
    )


def is_outdated(lease: Lease, version: str) -> bool:
    """Whether a scheduled relay of an older deployment holds the lease.

    version: of the relay that comes. Only the newest is ever started. A foreground relay is left
    alone.
    """
    held = lease.figures.get("version", "")
    return bool(version and held and held != version and lease.figures.get("run") == "lambda")
