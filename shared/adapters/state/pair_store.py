"""Pair store: the indexes that a consumer writes beside its serving ones; `Marks.read` has them."""

from typing import Protocol

from shared.values.index_pair import IndexPairs


class PairStore(Protocol):
    """Changes only from the version that was seen."""

    def read(self, consumer: str) -> IndexPairs:
        """The pairs; an empty value where there are none."""
        ...

    def write(self, consumer: str, pairs: IndexPairs) -> IndexPairs | None:
        """Store what was made of a value that was read, and so has its version.

        Returns it as stored, under the next version; None when it changed since it was read.
        """
        ...
