"""What the consumer, backfill and verify need of Elasticsearch."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Protocol

import msgspec

AliasMove = tuple[str, str, str]
"""An alias, the index that it leads to, and the one that it shall lead to."""


class Action(msgspec.Struct, frozen=True, gc=False):
    """Write one document, or delete it.

    version: external; an older one than what is held is refused. body: None deletes.
    """

    index: str
    id: str
    version: int
    body: dict[str, Any] | None


class Result(msgspec.Struct, frozen=True, gc=False):
    """The fate of one action.

    kind: `superseded`, what is held is newer; `missing`, the index does not exist; `transient`, the
    same may succeed later; `refused`, for good.
    rejected: there was no room for it (429), in this request or in one before it; others of the
        request may have been taken.
    """

    kind: Literal["applied", "superseded", "missing", "transient", "refused"]
    reason: str = ""
    rejected: bool = False


class Document(msgspec.Struct, frozen=True):
    """A document as it is held."""

    id: str
    version: int
    body: dict[str, Any]


class Behind(msgspec.Struct, frozen=True):
    """What a name leads to.

    is_alias: false for a plain index of that name.
    indexes: the indexes behind an alias. ids: what the cluster calls each of them; one that was
        deleted and made again has another id.
    created_ms: when the youngest of them was made, Unix ms.
    """

    is_alias: bool
    indexes: tuple[str, ...]
    created_ms: int
    ids: tuple[str, ...] = ()


LAST_NUMBER = 999_999
"""Of the indexes of an alias."""


def numbered_index(alias: str, number: int) -> str:
    """The name of an index that is made for an alias."""
    return f"{alias}-{number:06d}"


class Search(Protocol):
    """An Elasticsearch cluster.

    Each method raises SearchUnavailable when it cannot be reached or answers 429 or 5xx to the
    whole request, else SearchError.
    """

    def place(self) -> str:
        """The address of the cluster, without login; two consumers of one cluster have the same."""
        ...

    def version(self) -> str:
        """The cluster's version; empty when it does not tell this account.

        Proves that the cluster answers and accepts the credentials. Raises SearchError for a
        version that Rowline does not support.
        """
        ...

    def bulk(self, actions: list[Action]) -> list[Result]:
        """Apply in order, versions `external_gte`, through aliases only; one result per action.

        Deleting what is not there is `applied`. At most a few MB.
        """
        ...

    def extend_mapping(self, alias: str, properties: dict[str, Any]) -> None:
        """Add those of `properties` (field → mapping) that the index behind `alias` lacks.

        Fields that it has stay as they are. Documents held are not touched.
        """
        ...

    def ensure_index(self, alias: str, definition: dict[str, Any]) -> None:
        """Create an index behind `alias` unless the alias exists.

        It is `ALIAS-000001`, or the first number after it that no index has. definition: settings,
        mappings, aliases. Many functions may call it at once.
        """
        ...

    def get(self, index: str, ids: list[str]) -> dict[str, Document]:
        """The documents with these ids that exist, read in real time (no refresh needed)."""
        ...

    def versions(self, index: str, ids: list[str]) -> dict[str, int]:
        """The version of each of these documents that exists, in real time, without bodies."""
        ...

    def scan(self, index: str) -> Iterator[Document]:
        """Every document id and version, bodies empty; refreshes first."""
        ...

    def behind(self, names: Sequence[str]) -> dict[str, Behind]:
        """What these names lead to; a name that leads nowhere is left out."""
        ...

    def refusal(self, definition: dict[str, Any]) -> str:
        """Why an index with this definition would be refused; empty when it would be made.

        Makes nothing. Raises SearchError when the account may not ask that.
        """
        ...

    def make_index(self, index: str, alias: str, definition: dict[str, Any]) -> None:
        """Create an index behind a hidden alias, unless it is there already."""
        ...

    def put_alias(self, index: str, alias: str) -> None:
        """Put a hidden alias on an index."""
        ...

    def drop_alias(self, index: str, alias: str) -> None:
        """Take an alias off an index, unless it is off."""
        ...

    def permit_moves(self, moves: Sequence[AliasMove], permit: str) -> None:
        """Let `move_aliases` succeed once with this permit, and no more with any other.

        An empty permit removes the existing ones.
        """
        ...

    def move_aliases(self, moves: Sequence[AliasMove], permit: str) -> None:
        """Move all aliases at once, or none. Raises SearchError when the permit is gone.

        So a request that arrives late moves nothing, whatever happened meanwhile.
        """
        ...

    def refresh(self, names: Sequence[str]) -> None:
        """Let searches see everything that was written before."""
        ...

    def count(self, name: str) -> int:
        """How many documents an index has."""
        ...
