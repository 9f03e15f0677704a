"""The twin of Hands."""

from collections.abc import Collection, Mapping

from shared.values.group_in_hand import GroupInHand


class MemoryGroupsInHand:
    def __init__(self) -> None:
        self._begun: dict[tuple[str, str], GroupInHand] = {}

    def read(self, consumer: str, groups: Collection[str]) -> dict[str, GroupInHand]:
        return {
            group: self._begun[consumer, group]
            for group in groups
            if (consumer, group) in self._begun
        }

    def begin(self, consumer: str, groups: Mapping[str, GroupInHand]) -> None:
        self._begun.update({(consumer, group): one for group, one in groups.items()})

    def end(self, consumer: str, groups: Collection[str]) -> None:
        for group in groups:
            self._begun.pop((consumer, group), None)
