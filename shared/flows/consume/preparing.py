"""Preparing: what a consumer's stanza says of changes, between the runtime and any sink.

A sink that can list what it holds says the same of rows, so that verify compares what it should.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from shared.domain.captured_tables import CapturedTable
from shared.domain.row_filter import FilterError, RowFilter
from shared.domain.sink import (
    Arrival,
    Documents,
    Expected,
    Held,
    Listable,
    Outcome,
    Sink,
    Slice,
    Write,
)
from shared.values.change import Row
from shared.values.settings import ConsumerSettings


def prepared(sink: Sink, consumer: ConsumerSettings) -> Sink:
    """The sink behind the consumer's filter; the sink itself where everything passes."""
    # A sink that is told every change does side effects: rows outside are none of its business.
    filter = RowFilter(
        consumer, keeps_state=getattr(consumer, "ordering", "latest-state") != "every-change"
    )
    if filter.is_open:
        return sink
    if isinstance(sink, Listable):
        return PreparedListable(sink, filter, sink)
    return Prepared(sink, filter)


class Prepared:
    """A sink that is given what the stanza lets pass."""

    def __init__(self, sink: Sink, filter: RowFilter) -> None:
        self._sink, self._filter = sink, filter

    def probe(self) -> str:
        return self._sink.probe()

    def apply(self, slice: Slice) -> list[Outcome]:
        outcomes: list[Outcome | None] = []
        arrivals: list[Arrival] = []
        for arrival in slice.arrivals:
            made = self._prepare(arrival)
            if isinstance(made, Arrival):
                arrivals.append(made)
                outcomes.append(None)
            else:
                outcomes.append(made)
        applied = iter(
            self._sink.apply(msgspec.structs.replace(slice, arrivals=arrivals)) if arrivals else ()
        )
        return [outcome or next(applied) for outcome in outcomes]

    def _prepare(self, arrival: Arrival) -> Arrival | Outcome:
        try:
            change = self._filter.passed(arrival.change)
        except FilterError as error:
            return Outcome("refused", f"FilterError: {error.what}")
        if change is None:
            return Outcome("filtered")
        unproven = self._filter.is_unproven(change)
        if change is arrival.change and not unproven:
            return arrival
        return msgspec.structs.replace(arrival, change=change, unproven=unproven)


class PreparedListable(Prepared):
    """The same for a sink whose content can be listed."""

    def __init__(self, sink: Sink, filter: RowFilter, listable: Listable) -> None:
        super().__init__(sink, filter)
        self._listable = listable

    def documents(self, table: CapturedTable) -> "PreparedDocuments":
        return PreparedDocuments(self._listable.documents(table), table, self._filter)

    def delete_again(self, deletions: Mapping[str, int], sleep: Callable[[float], object]) -> int:
        return self._listable.delete_again(deletions, sleep)


class PreparedDocuments:
    """The documents of one table. A row outside the filter has none."""

    def __init__(self, documents: Documents, table: CapturedTable, filter: RowFilter) -> None:
        self._documents, self._plan, self._filter = documents, table.plan, filter

    @property
    def id_columns(self) -> tuple[str, ...]:
        return self._documents.id_columns

    def expected(self, row: Row) -> Expected:
        try:
            if self._filter.admits(self._plan.project(row)):
                return self._documents.expected(row)
        except FilterError as error:
            return msgspec.structs.replace(self._documents.expected(row), refused=error.what)
        return Expected("", [row.get(column) for column in self.id_columns], {})

    def key_of(self, id: str) -> list[Any] | None:
        return self._documents.key_of(id)

    def get(self, ids: Sequence[str]) -> dict[str, Held]:
        return self._documents.get(ids)

    def scan(self) -> Iterator[Held]:
        return self._documents.scan()

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        return self._documents.write(writes)
