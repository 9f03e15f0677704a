"""Landed changes as rows of the table."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa
from pyroaring import BitMap64

from shared.adapters.lake.changes_columns import ARROW, SORTED_BY
from shared.domain.archive_ledger import Ledger, StreamEpoch
from shared.values.landing_encoding import LandedMessage
from shared.values.seq import split_seq

_ORDER = [(name, "ascending") for name in SORTED_BY]


class LandedObject(NamedTuple):
    """The messages of one landing object, and when it was written (Unix ms)."""

    messages: list[LandedMessage]
    at_ms: int


class LandedRows(NamedTuple):
    """What is new of some objects.

    table: the rows, sorted; None when nothing is new. numbers: of the rows. seen: changes in all.
    """

    table: pa.Table | None
    numbers: dict[StreamEpoch, BitMap64]
    seen: int

    @property
    def size(self) -> int:
        return self.table.num_rows if self.table is not None else 0


def new_rows(objects: Iterable[LandedObject], ledger: Ledger) -> LandedRows:
    """The changes that the ledger lacks, each once."""
    return rows_of(objects, ledger.new_of)


def rows_of(
    objects: Iterable[LandedObject], lacking: Callable[[StreamEpoch, list[int]], BitMap64]
) -> LandedRows:
    """The changes whose numbers `lacking` chooses of those that are offered, each once."""
    objects = list(objects)
    offered: dict[StreamEpoch, list[int]] = {}
    for stream, epoch, n in _numbers(objects):
        offered.setdefault((stream, epoch), []).append(n)
    wanted = {place: lacking(place, numbers) for place, numbers in offered.items()}
    seen = sum(map(len, offered.values()))
    numbers = {place: each.copy() for place, each in wanted.items() if each}
    if not numbers:
        return LandedRows(None, {}, seen)
    columns = zip(*_rows(objects, wanted), strict=True)
    arrays = [pa.array(each, field.type) for each, field in zip(columns, ARROW, strict=True)]
    table = pa.Table.from_arrays(arrays, schema=ARROW).sort_by(_ORDER)
    return LandedRows(table, numbers, seen)


def _numbers(objects: list[LandedObject]) -> Iterator[tuple[str, int, int]]:
    for each in objects:
        for message in each.messages:
            for change in message.changes:
                yield message.stream, *split_seq(change.seq)


def _rows(
    objects: list[LandedObject], wanted: dict[StreamEpoch, BitMap64]
) -> Iterator[tuple[Any, ...]]:
    """The rows of the wanted changes; takes each number out of `wanted` when it comes."""
    for each in objects:
        landed_us = each.at_ms * 1000
        for message in each.messages:
            stream, source, group = message.stream, message.source, message.group
            database, name, version = message.database, message.table, message.schema_version
            trace = _trace_id(message.traceparent)
            for change in message.changes:
                epoch, n = split_seq(change.seq)
                left = wanted[stream, epoch]
                if n not in left:
                    continue
                left.discard(n)
                tx = change.tx
                yield (
                    stream,
                    epoch,
                    n,
                    change.id,
                    source,
                    database,
                    name,
                    change.op,
                    _text(change.key),
                    change.ts_ms * 1000,
                    landed_us,
                    _row(change.before),
                    _row(change.after),
                    tx.id,
                    tx.index,
                    tx.last,
                    version,
                    group,
                    trace,
                )


def _text(raw: Any) -> str:
    return bytes(raw).decode()


def _row(raw: Any) -> str | None:
    text = bytes(raw)
    return None if text == b"null" else text.decode()


def _trace_id(traceparent: str | None) -> str | None:
    """The trace of a W3C `traceparent`."""
    parts = (traceparent or "").split("-")
    return parts[1] if len(parts) == 4 else None
