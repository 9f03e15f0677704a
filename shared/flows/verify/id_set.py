"""IdSet: which document ids were seen, in eight bytes each.

A table of millions of rows fits into memory.
"""

from array import array
from hashlib import blake2b

_BUCKETS = 1 << 14


class IdSet:
    """Holds 64-bit hashes.

    About one lookup in 10¹⁹ / (number of ids) mistakes an id never added for one that was.
    """

    def __init__(self) -> None:
        self._buckets: dict[int, array[int]] = {}

    def add(self, id: str) -> bool:
        """Whether it is new."""
        digest = _hash(id)
        bucket = self._buckets.get(digest % _BUCKETS)
        if bucket is None:
            bucket = self._buckets[digest % _BUCKETS] = array("Q")
        if digest in bucket:
            return False
        bucket.append(digest)
        return True

    def __contains__(self, id: str) -> bool:
        digest = _hash(id)
        return digest in self._buckets.get(digest % _BUCKETS, ())


def _hash(id: str) -> int:
    return int.from_bytes(blake2b(id.encode(), digest_size=8).digest())
