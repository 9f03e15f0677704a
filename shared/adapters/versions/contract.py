"""Former versions: what a bucket with versioning keeps of objects that were replaced or deleted."""

from collections.abc import Callable
from typing import Protocol


class FormerVersions(Protocol):
    """Those of one bucket. Where versioning was never turned on, there are none."""

    def remove(self, before_each_page: Callable[[], None]) -> int:
        """Delete all of them for good; returns how many. Objects themselves stay.

        Delete markers stay too: they hold nothing but a name.
        before_each_page: is called before each page. An error of it ends the work, and a further
            call continues.

        Raises StateUnavailable (the same may succeed later), StackError.
        """
        ...
