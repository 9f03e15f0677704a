"""One process at a time: a lock on a file that the kernel drops when its holder ends, however it
ends.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock named by `path`; waits for another process or thread that holds it. Its holder
    may remove the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_still(file.fileno(), path):
                yield
                return


def _is_still(descriptor: int, path: Path) -> bool:
    """Whether the file behind `descriptor` is the one that newcomers find at `path`: a lock on a
    removed file keeps nobody out.
    """
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
