"""Archive ledger: the set of archived numbers of each stream and epoch.

It is the duplicate filter of the archive, its audit, and *archived-through* at once. Numbers are
dense within an epoch, so a gap in the set is a change that is missing.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec
from pyroaring import BitMap64

from shared.values.compression import zstd

VERSION = 1
_LEVEL = 3
_MOST_BYTES = 1 << 30

StreamEpoch = tuple[str, int]
"""A stream and one of its epochs."""


class Span(NamedTuple):
    """The numbers `first` to `last` of an epoch of a stream, both included."""

    stream: str
    epoch: int
    first: int
    last: int

    def __str__(self) -> str:
        numbers = f"{self.first}" if self.first == self.last else f"{self.first}–{self.last}"
        return f"{self.stream} epoch {self.epoch} n {numbers}"


class _Stored(msgspec.Struct, frozen=True):
    """The ledger as it is stored: stream → epoch → serialized bitmap."""

    archived: dict[str, dict[int, bytes]]
    removed: dict[str, dict[int, bytes]]
    v: int = VERSION


class Ledger:
    """Which numbers were archived, and which of them were removed on purpose since.

    A number that was removed stays archived: a late copy of its change is still a duplicate.
    """

    def __init__(self) -> None:
        self._archived: dict[StreamEpoch, BitMap64] = {}
        self._removed: dict[StreamEpoch, BitMap64] = {}

    @staticmethod
    def decode(stored: bytes) -> "Ledger":
        """The ledger from the output of `encode`; empty bytes are an empty one.

        Raises ValueError for anything else.
        """
        ledger = Ledger()
        if not stored:
            return ledger
        try:
            plain = zstd.ZstdDecompressor().decompress(stored, _MOST_BYTES)
            read = msgspec.msgpack.decode(plain, type=_Stored)
        except (zstd.ZstdError, msgspec.MsgspecError) as error:
            raise ValueError(str(error)) from None
        if read.v != VERSION:
            raise ValueError(f"version {read.v}")
        for into, held in ((ledger._archived, read.archived), (ledger._removed, read.removed)):
            for stream, epochs in held.items():
                for epoch, bitmap in epochs.items():
                    into[stream, epoch] = BitMap64.deserialize(bitmap)
        return ledger

    def encode(self) -> bytes:
        """The stored form: the same bytes for the same numbers."""
        stored = _Stored(_plain(self._archived), _plain(self._removed))
        return zstd.compress(msgspec.msgpack.encode(stored), level=_LEVEL)

    def places(self) -> list[StreamEpoch]:
        """The streams and epochs of which something is archived, in order."""
        return sorted(self._archived)

    def new_of(self, place: StreamEpoch, numbers: Iterable[int]) -> BitMap64:
        """The numbers that are not archived yet."""
        asked = BitMap64(numbers)
        held = self._archived.get(place)
        return asked - held if held is not None else asked

    def add(self, place: StreamEpoch, numbers: Iterable[int]) -> None:
        """Note numbers as archived."""
        held = self._archived.setdefault(place, BitMap64())
        held |= BitMap64(numbers)
        self._archived[place] = held

    def remove(self, place: StreamEpoch, numbers: Iterable[int]) -> None:
        """Note archived numbers as removed on purpose: no audit counts them as missing."""
        self._removed[place] = self._removed.get(place, BitMap64()) | BitMap64(numbers)

    def count(self, place: StreamEpoch | None = None) -> int:
        """How many numbers are archived and were not removed on purpose."""
        places = self._archived if place is None else [place]
        return sum(len(self.held(each)) for each in places)

    def held(self, place: StreamEpoch) -> BitMap64:
        """The numbers whose rows the table holds."""
        held = self._archived.get(place, BitMap64())
        removed = self._removed.get(place)
        return held - removed if removed else held

    def removed(self, place: StreamEpoch) -> BitMap64:
        """The numbers that were removed on purpose."""
        return self._removed.get(place, BitMap64())

    def first(self, place: StreamEpoch) -> int:
        """The smallest archived number; 0 when there is none."""
        held = self._archived.get(place)
        return held.min() if held else 0

    def last(self, place: StreamEpoch) -> int:
        """The largest archived number; 0 when there is none."""
        held = self._archived.get(place)
        return held.max() if held else 0

    def gaps(self, place: StreamEpoch, first: int, last: int) -> Iterator[Span]:
        """The numbers from `first` to `last` that are not archived, as spans, in order."""
        if last < first:
            return
        wanted = BitMap64()
        wanted.add_range(first, last + 1)
        yield from spans(place, wanted - self._archived.get(place, BitMap64()))


def spans(place: StreamEpoch, numbers: BitMap64) -> Iterator[Span]:
    """Numbers as spans, in order."""
    first = last = -1
    for number in numbers:
        if number == last + 1 and first >= 0:
            last = number
            continue
        if first >= 0:
            yield Span(*place, first, last)
        first = last = number
    if first >= 0:
        yield Span(*place, first, last)


def _plain(bitmaps: dict[StreamEpoch, BitMap64]) -> dict[str, dict[int, bytes]]:
    plain: dict[str, dict[int, bytes]] = {}
    for (stream, epoch), bitmap in sorted(bitmaps.items()):
        if bitmap:
            bitmap.run_optimize()
            plain.setdefault(stream, {})[epoch] = bitmap.serialize()
    return plain
