"""Preparing: upcasters, filter and mapping of a consumer, between the runtime and any sink.

A sink that can list what it holds says the same of rows, so that verify compares what it should.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from shared.adapters.state.schemas import Schemas
from shared.domain.captured_tables import CapturedTable
from shared.domain.row_filter import FilterError, RowFilter, as_deletion
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
from shared.flows.consume.own_rows import OwnRowError, RowMapping, Upcasters
from shared.values.change import Row
from shared.values.errors import ConfigError
from shared.values.settings import ConsumerSettings


class Preparation:
    """Upcasters, then the filter, then the mapping of one consumer."""

    def __init__(self, filter: RowFilter, upcasters: Upcasters, mapping: RowMapping) -> None:
        self._filter, self._upcasters, self._mapping = filter, upcasters, mapping

    def __bool__(self) -> bool:
        return not self._filter.is_open or bool(self._upcasters) or bool(self._mapping)

    def of_change(self, arrival: Arrival) -> Arrival | None:
        """The arrival as the sink gets it, None for one that it does not get.

        Raises FilterError, OwnRowError, ConfigError, and what the state store raises.
        """
        arrival = self._upcasters.lifted(arrival) if self._upcasters else arrival
        change = self._filter.passed(arrival.change)
        if change is None:
            return None
        fields = None
        if self._mapping and change.after is not None:
            fields = self._mapping.document(change.after, arrival.message.full_name)
            if fields is None:
                change = as_deletion(change)
        unproven = self._filter.is_unproven(change)
        if change is arrival.change and not unproven and fields is None:
            return arrival
        return msgspec.structs.replace(arrival, change=change, unproven=unproven, fields=fields)

    def of_row(self, row: Row, table: str) -> tuple[bool, dict[str, Any] | None]:
        """Whether a row as published has a document, and its fields if a mapping makes them.

        Raises FilterError, MappingError, ConfigError.
        """
        if not self._filter.admits(row):
            return False, None
        if not self._mapping:
            return True, None
        fields = self._mapping.document(row, table)
        return fields is not None, fields


def prepared(sink: Sink, consumer: ConsumerSettings, schemas: Schemas) -> Sink:
    """The sink behind what the stanza says; the sink itself where that is nothing."""
    # A sink that is told every change does side effects: rows outside are none of its business.
    filter = RowFilter(consumer, keeps_state=not consumer.closes_rows)
    preparation = Preparation(filter, Upcasters(consumer, schemas), RowMapping(consumer))
    if not preparation:
        return sink
    if isinstance(sink, Listable):
        return PreparedListable(sink, preparation, sink)
    return PreparedSink(sink, preparation)


class PreparedSink:
    """A sink that is given what the stanza lets pass."""

    def __init__(self, sink: Sink, preparation: Preparation) -> None:
        self._sink, self._preparation = sink, preparation

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
            return self._preparation.of_change(arrival) or Outcome("filtered", asked=False)
        except FilterError as error:
            return Outcome("refused", f"FilterError: {error.what}", asked=False)
        except OwnRowError as error:
            return Outcome("refused", error.reason, error.stack, asked=False)
        except ConfigError as error:  # own code that cannot be imported: all changes wait
            return Outcome("failed", str(error))


class PreparedListable(PreparedSink):
    """The same for a sink whose content can be listed."""

    def __init__(self, sink: Sink, preparation: Preparation, listable: Listable) -> None:
        super().__init__(sink, preparation)
        self._listable = listable

    def documents(self, table: CapturedTable, place: str = "") -> "PreparedDocuments":
        return PreparedDocuments(self._listable.documents(table, place), table, self._preparation)

    def delete_again(self, deletions: Mapping[str, int], sleep: Callable[[float], object]) -> int:
        return self._listable.delete_again(deletions, sleep)


class PreparedDocuments:
    """The documents of one table. A row outside the filter has none."""

    def __init__(
        self, documents: Documents, table: CapturedTable, preparation: Preparation
    ) -> None:
        self._documents, self._captured, self._preparation = documents, table, preparation

    @property
    def id_columns(self) -> tuple[str, ...]:
        return self._documents.id_columns

    def expected(self, row: Row, fields: dict[str, Any] | None = None) -> Expected:
        """Raises ConfigError when own code cannot be imported."""
        left = self._captured.plan.project(row)
        try:
            has_document, fields = self._preparation.of_row(left, self._captured.name)
        except (FilterError, OwnRowError) as error:
            return msgspec.structs.replace(self._documents.expected(row), refused=error.what)
        if has_document:
            return self._documents.expected(row, fields)
        return Expected("", [row.get(column) for column in self.id_columns], {})

    def key_of(self, id: str) -> list[Any] | None:
        return self._documents.key_of(id)

    def get(self, ids: Sequence[str]) -> dict[str, Held]:
        return self._documents.get(ids)

    def newest(self, ids: Sequence[str]) -> int:
        return self._documents.newest(ids)

    def scan(self) -> Iterator[Held]:
        return self._documents.scan()

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        return self._documents.write(writes)
