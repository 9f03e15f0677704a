"""Groups in hand: which message groups a consumer's function has begun and not ended."""

from collections.abc import Collection, Mapping
from typing import Protocol

from shared.values.group_in_hand import GroupInHand


class GroupsInHand(Protocol):
    """A record that is still there when its group comes again means that a function was killed.

    Each method raises StateUnavailable, StackError.
    """

    def read(self, consumer: str, groups: Collection[str]) -> dict[str, GroupInHand]:
        """Those of these groups that were begun and not ended."""
        ...

    def begin(self, consumer: str, groups: Mapping[str, GroupInHand]) -> None: ...

    def end(self, consumer: str, groups: Collection[str]) -> None: ...
