"""Object folder: objects below one prefix of a bucket, by name."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec


class StoredObject(msgspec.Struct, frozen=True):
    """One object.

    name: under which it is read and deleted. size: in bytes. at_ms: when it was written, Unix ms.
    """

    name: str
    size: int
    at_ms: int


class ObjectFolder(Protocol):
    """Objects by name.

    Methods raise StateUnavailable (the same may succeed later), StackError.
    """

    def put(self, name: str, body: bytes) -> None:
        """Write an object durably. The same name with the same content changes nothing."""
        ...

    def list(self) -> Iterator[StoredObject]:
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
