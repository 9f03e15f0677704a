"""The landing: archived changes in S3 that are not in the table yet."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec


class Landed(msgspec.Struct, frozen=True):
    """One object of the landing.

    name: under which it is read and deleted. Names sort by the time of their oldest change.
    size: in bytes, compressed. at_ms: when it was written, Unix ms.
    """

    name: str
    size: int
    at_ms: int


class Landing(Protocol):
    """Objects by name.

    Methods raise StateUnavailable (the same may succeed later), StackError.
    """

    def put(self, name: str, body: bytes) -> None:
        """Write an object durably. The same name with the same content changes nothing."""
        ...

    def list(self) -> Iterator[Landed]:
        """The objects, in the order of their names."""
        ...

    def get(self, name: str) -> bytes | None:
        """The content of an object; None when it is gone."""
        ...

    def replace(self, name: str, seen: bytes, body: bytes) -> bool:
        """Write an object in place of one whose content is `seen`; False when there is another."""
        ...

    def delete(self, names: Sequence[str]) -> None:
        """Delete objects; one that is gone already is no error."""
        ...

    def reject(self, name: str) -> None:
        """Move an object that cannot be read to where it is kept for a person to look at."""
        ...
