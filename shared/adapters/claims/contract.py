"""The claim store: rows too large for a message, and the journal of the relay."""

from hashlib import blake2b
from typing import Protocol


def row_name(stream: str, id: str) -> str:
    """The name of a large row: by its stream and the id of its change."""
    return f"{stream}/{blake2b(id.encode(), digest_size=16).hexdigest()}.json"


class Claims(Protocol):
    """Objects by name.

    Large rows expire once no message can refer to them; objects that are kept do not.
    """

    def put(self, name: str, body: bytes) -> str:
        """Store a large row under the name of its change; returns its address (`s3://BUCKET/KEY`).

        Writing it again changes nothing, except that it expires later.
        Raises StateUnavailable (the same may succeed later), StackError.
        """
        ...

    def park(self, name: str, body: bytes) -> str:
        """Store the payload of a parked change, until it expires; returns its address.

        Raises StateUnavailable, StackError.
        """
        ...

    def archive(self, name: str, body: bytes) -> str:
        """Store parked changes that are about to be dropped; returns the address.

        Raises StateUnavailable, StackError.
        """
        ...

    def find_parked(self, address: str) -> bytes | None:
        """The payload at an address that `park` returned; None when it has expired.

        Raises StateUnavailable, StackError.
        """
        ...

    def discard(self, address: str) -> None:
        """Delete the payload of a parked change, unless it is gone already.

        Raises StateUnavailable, StackError.
        """
        ...

    def keep(self, name: str, body: bytes) -> str:
        """Store an object for good, in place of the one under `name`; returns its address.

        Raises StateUnavailable, StackError.
        """
        ...

    def find(self, name: str) -> bytes | None:
        """The object that was kept under `name`; None when there is none.

        Raises StateUnavailable, StackError.
        """
        ...

    def get(self, address: str) -> bytes:
        """The object at an address that `put` or `keep` returned.

        Raises StateUnavailable, and StackError when it is gone or may not be read.
        """
        ...
