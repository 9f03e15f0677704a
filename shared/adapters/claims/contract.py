"""What relay and consumer need of the claim store: rows too large for a message, and the relay's
journal.
"""

from typing import Protocol


class Claims(Protocol):
    """Objects by name. Large rows expire, when no message can refer to them any more; what is kept
    stays.
    """

    def put(self, name: str, body: bytes) -> str:
        """Store a large row, named by its change: writing it again changes nothing, except that it
        expires later. Returns its address (`s3://BUCKET/KEY`). Raises StateUnavailable (the same
        may succeed later), StackError.
        """
        ...

    def keep(self, name: str, body: bytes) -> str:
        """Keep an object for good, in place of the one kept under `name` before. Returns its
        address. Raises StateUnavailable, StackError.
        """
        ...

    def find(self, name: str) -> bytes | None:
        """The object that was kept under `name`; None when there is none. Raises
        StateUnavailable, StackError.
        """
        ...

    def get(self, address: str) -> bytes:
        """The object at an address that `put` or `keep` returned.

        Raises StateUnavailable, and StackError when it is gone or may not be read.
        """
        ...
