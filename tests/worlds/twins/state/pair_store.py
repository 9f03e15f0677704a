"""The twin of Pairs."""

import msgspec

from shared.values.index_pair import NO_PAIRS, IndexPairs


class MemoryPairStore:
    def __init__(self) -> None:
        self.held: dict[str, IndexPairs] = {}

    def read(self, consumer: str) -> IndexPairs:
        return self.held.get(consumer, NO_PAIRS)

    def write(self, consumer: str, pairs: IndexPairs) -> IndexPairs | None:
        if pairs.version != self.read(consumer).version:
            return None
        self.held[consumer] = msgspec.structs.replace(pairs, version=pairs.version + 1)
        return self.held[consumer]
