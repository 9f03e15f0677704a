"""What relay and consumer need of the claim store: rows too large for a message, and the relay's
journal.
"""

from typing import Protocol


class Claims(Protocol):
    """Objects by name; writing a name again replaces the object. A large row is named by its
    change, so that this changes nothing.
    """

    def put(self, name: str, body: bytes) -> str:
        """Keep `body` under `name`; returns its address (`s3://BUCKET/KEY`). Raises
        StateUnavailable (the same may succeed later), StackError.
        """
        ...

    def find(self, name: str) -> bytes | None:
        """The object that `put` kept under `name`; None when there is none. Raises
        StateUnavailable, StackError.
        """
        ...

    def get(self, address: str) -> bytes:
        """The object at an address that `put` returned. Raises StackError when it is gone."""
        ...
