"""Own rows: the service's own code that lifts old rows, and that makes documents of rows."""

from typing import Any, cast

import msgspec

from shared.adapters.own_code import OwnFunction, let_interrupts_pass
from shared.adapters.state.schemas import Schemas
from shared.domain.own_outcomes import stack_of
from shared.domain.sink import Arrival
from shared.values.change import Row, copy_of_row
from shared.values.errors import RowlineError
from shared.values.json_text import encode_json
from shared.values.message import Message
from shared.values.settings import ConsumerSettings
from shared.values.storable_text import text_of


class OwnRowError(RowlineError):
    """Own code cannot work with this row; other rows may pass.

    what: class and message of its exception. stack: where it was raised.
    """

    def __init__(self, what: str, *, stack: str = "") -> None:
        super().__init__(what)
        self.stack = stack

    @property
    def reason(self) -> str:
        """The reason of a refusal: nothing before the colon is of the row."""
        return f"{type(self).__name__}: {self.what}"


class UpcasterError(OwnRowError):
    """An upcaster failed."""


class MappingError(OwnRowError):
    """The mapping failed."""


class Upcasters:
    """Lifts the rows of old schema versions, step by step."""

    def __init__(self, consumer: ConsumerSettings, schemas: Schemas) -> None:
        self._schemas = schemas
        self._steps = {
            (table, int(version)): OwnFunction(
                reference, f"consumers.{consumer.name}.upcasters.{table}.{version}"
            )
            for table, steps in consumer.upcasters.items()
            for version, reference in steps.items()
        }
        self._known: set[tuple[str, int]] = set()

    def __bool__(self) -> bool:
        return bool(self._steps)

    def lifted(self, arrival: Arrival) -> Arrival:
        """The arrival with rows of the newest version that a step leads to.

        Raises UpcasterError, ConfigError, and what the state store raises.
        """
        message, change = arrival.message, arrival.change
        version, before, after = message.schema_version, change.before, change.after
        while step := self._steps.get((message.full_name, version)):
            before = before and _called(step, UpcasterError, before)
            after = after and _called(step, UpcasterError, after)
            version += 1
        if version == message.schema_version:
            return arrival
        if self._is_known(message, version):
            message = msgspec.structs.replace(message, schema_version=version)
        change = msgspec.structs.replace(change, before=before, after=after)
        return msgspec.structs.replace(arrival, message=message, change=change)

    def _is_known(self, message: Message, version: int) -> bool:
        """Whether the relay has published that version: a sink may look its columns up."""
        place = (message.full_name, version)
        if place not in self._known and self._schemas.read(
            message.source, message.database, message.table, version
        ):
            self._known.add(place)
        return place in self._known


class RowMapping:
    """Makes a document of a row."""

    def __init__(self, consumer: ConsumerSettings) -> None:
        place = f"consumers.{consumer.name}.mapping"
        self._own = OwnFunction(consumer.mapping, place) if consumer.mapping else None

    def __bool__(self) -> bool:
        return self._own is not None

    def document(self, row: Row, table: str) -> dict[str, Any] | None:
        """The document of a row; None: it has none. Raises MappingError, ConfigError."""
        assert self._own is not None
        made = _called(self._own, MappingError, row, table, optional=True)
        return cast(dict[str, Any] | None, made)


def _called(
    own: OwnFunction, kind: type[OwnRowError], row: Row, *more: Any, optional: bool = False
) -> Any:
    """What own code makes of a copy of the row. Raises `kind`, ConfigError."""
    function = own.load()
    try:
        made = function(copy_of_row(row), *more)
        encode_json(made)  # what no JSON can hold is the fault of this row, not of its request
    except BaseException as error:  # noqa: BLE001 (whatever own code raises)
        let_interrupts_pass(error)
        raise kind(text_of(error), stack=stack_of(error)) from None
    if isinstance(made, dict) or (made is None and optional):
        return made
    raise kind(f"TypeError {own.reference} returned {type(made).__name__}, not a map")
