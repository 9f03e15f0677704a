"""Streams: lease and checkpoint of each stream, and who holds the tables of a source."""

from typing import Protocol

from shared.values.checkpoint import Checkpoint
from shared.values.relay_lease import Holdings, Lease


class Streams(Protocol):
    """Lease and checkpoint are one item: renewing moves the checkpoint in the same write."""

    def load(self, stream: str) -> tuple[Lease, Checkpoint | None]: ...

    def acquire(self, stream: str, seen: Lease, holder: str) -> Lease | None:
        """Take the lease when it is still exactly as `seen` (token and beat).

        None when somebody was faster.
        """
        ...

    def renew(self, stream: str, lease: Lease, checkpoint: Checkpoint | None) -> Lease:
        """Renew, and store the checkpoint.

        Returns the lease as stored, with others' requests (`wanted`, `raise_epoch`). Raises
        LeaseLost.
        """
        ...

    def release(self, stream: str, lease: Lease, checkpoint: Checkpoint | None) -> None:
        """Store the checkpoint and give the lease back at once. Raises LeaseLost."""
        ...

    def ask(self, stream: str, *, wanted: str = "", raise_epoch: int = 0) -> None:
        """Ask the holder to yield, or for an epoch above `raise_epoch`."""
        ...

    def holdings(self, source: str) -> Holdings: ...

    def hold(self, source: str, seen: int, holdings: Holdings) -> bool:
        """Store who holds what, when it is still the version `seen` that is there.

        False when somebody was faster. The stored version is one more.
        """
        ...
