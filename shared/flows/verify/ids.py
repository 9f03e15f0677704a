"""IdSet: which document ids were seen, in eight bytes each, so that a table of millions of rows
fits into memory.
"""

from array import array
from hashlib import blake2b

_BUCKETS = 1 << 14


class IdSet:
    """Holds 64-bit hashes. An id that was never added is taken for one that was once in 10¹⁹ /
    (number of ids) cases.
    """

    def __init__(self) -> None:
        self._buckets = [array("Q") for _ in range(_BUCKETS)]
        self._count = 0

    def add(self, id: str) -> None:
        digest = _hash(id)
        self._buckets[digest % _BUCKETS].append(digest)
        self._count += 1

    def __contains__(self, id: str) -> bool:
        digest = _hash(id)
        return digest in self._buckets[digest % _BUCKETS]

    def __len__(self) -> int:
        return self._count


def _hash(id: str) -> int:
    return int.from_bytes(blake2b(id.encode(), digest_size=8).digest())
