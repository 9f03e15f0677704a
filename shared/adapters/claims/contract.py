"""What relay and consumer need of the claim store: rows too large for a message."""

from typing import Protocol


class Claims(Protocol):
    """Objects named by the change they hold; writing the same name again leaves the same object."""

    def put(self, name: str, body: bytes) -> str:
        """Keep `body` under `name`; returns its address (`s3://BUCKET/KEY`). Raises StateUnavailable (the same may succeed later), StackError."""
        ...

    def get(self, address: str) -> bytes:
        """The object at an address that `put` returned. Raises StackError when it is gone."""
        ...
