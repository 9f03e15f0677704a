"""The twin of FormerVersions."""

from collections.abc import Callable, Collection

from tests.worlds.twins.landing import MemoryLanding


class MemoryFormerVersions:
    """Those of a bucket with these folders."""

    def __init__(self, folders: Collection[MemoryLanding]) -> None:
        self._folders = folders

    def remove(self, before_each_page: Callable[[], None]) -> int:
        removed = 0
        for each in self._folders:
            before_each_page()
            removed += len(each.former)
            each.former.clear()
        return removed
