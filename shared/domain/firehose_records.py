"""Firehose records: changes packed into records of Firehose, as the lines of a landing object."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from shared.domain.sink import Arrival
from shared.values import landing_encoding
from shared.values.message import Message

FULL = 256 * 1024
"""Bytes at which a record gets no further line. Firehose counts a record as a multiple of 5 KB, so
small ones cost more; of a large one more is sent again when Firehose did not take it.
"""


class Record(NamedTuple):
    """A record, and the places of its changes among the arrivals."""

    body: bytes
    places: list[int]


def pack(arrivals: Sequence[Arrival], most: int) -> tuple[list[Record], list[int]]:
    """(records of at most this many bytes, the places of changes that are too large for one)."""
    records: list[Record] = []
    large: list[int] = []
    lines: list[bytes] = []
    places: list[int] = []
    size = 0

    def close() -> None:
        nonlocal size
        if lines:
            records.append(Record(b"".join(lines), list(places)))
        lines.clear()
        places.clear()
        size = 0

    for line, mine in _lines(arrivals, range(len(arrivals)), most):
        if len(line) > most:
            large.extend(mine)
            continue
        if size + len(line) > FULL:
            close()
        lines.append(line)
        places.extend(mine)
        size += len(line)
    close()
    return records, large


def _lines(
    arrivals: Sequence[Arrival], places: Sequence[int], most: int
) -> Iterator[tuple[bytes, list[int]]]:
    """A line for each message with its own changes; a long one is cut between changes."""
    for some in _by_message(arrivals, places):
        message: Message = msgspec.structs.replace(
            arrivals[some[0]].message, changes=[arrivals[at].change for at in some]
        )
        line = landing_encoding.line(message)
        if len(line) > most and len(some) > 1:
            middle = len(some) // 2
            yield from _lines(arrivals, some[:middle], most)
            yield from _lines(arrivals, some[middle:], most)
        else:
            yield line, some


def _by_message(arrivals: Sequence[Arrival], places: Sequence[int]) -> Iterator[list[int]]:
    some: list[int] = []
    for at in places:
        if some and arrivals[at].message is not arrivals[some[0]].message:
            yield some
            some = []
        some.append(at)
    if some:
        yield some
