"""Handler: the service's own code is the sink: a function called for each change, or a class."""

import inspect
import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from shared.adapters import own_code
from shared.domain.handling import HandlerContext
from shared.domain.own_outcomes import checked, outcome_of_error
from shared.domain.received_table import ReceivedTable
from shared.domain.sink import Arrival, Outcome, SinkAccess, Slice, Surroundings, Target
from shared.values.change import Change, copy_of_row
from shared.values.counted import counted
from shared.values.errors import ConfigError, RowlineError
from shared.values.finding import Finding
from shared.values.storable_text import text_of


class HandlerSettings(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="handler"
):
    """function: `FOLDER/MODULE.NAME` of a function or a class."""

    function: str


Settings = HandlerSettings

ChangeHandler = Callable[[Change, HandlerContext], Any]


class OwnSink(Protocol):
    """A class of the service's own: one object serves a warm function for long."""

    def apply(self, slice: Slice) -> list[Outcome]: ...


class HandlerSink:
    """Calls own code. It is imported with the first slice: what fails then fails no deployment."""

    def __init__(self, consumer: str, settings: HandlerSettings) -> None:
        self._consumer, self._function = consumer, settings.function
        self._place = f"consumers.{consumer}.handler"
        self._log = logging.getLogger(f"rowline.{consumer}")
        self._log.setLevel(logging.INFO)
        self._own: Any = None

    def probe(self) -> str:
        """Asks a class that has a `probe`; of a function only the import is tried."""
        probe = getattr(self._loaded(), "probe", None)
        return str(probe() or "") if callable(probe) else ""

    def apply(self, slice: Slice) -> list[Outcome]:
        try:
            own = self._loaded()
        except RowlineError as error:
            return [Outcome("failed", str(error))] * len(slice.arrivals)
        fresh = [_for_own_code(each) for each in slice.arrivals if not each.is_older]
        slice, arrivals = msgspec.structs.replace(slice, arrivals=fresh), slice.arrivals
        if hasattr(own, "apply"):
            outcomes = self._together(own, slice) if fresh else []
        else:
            outcomes = self._one_by_one(slice, lambda each: self._call(own, each, slice))
        rest = iter(outcomes)
        old = Outcome("superseded", asked=False)
        return [old if each.is_older else next(rest) for each in arrivals]

    def _loaded(self) -> Any:
        """The function, or an object of the class. Raises ConfigError."""
        if self._own is None:
            self._own = made(own_code.load(self._function, self._place), self._place)
        return self._own

    def _one_by_one(self, slice: Slice, apply: Callable[[Arrival], Outcome]) -> list[Outcome]:
        """Call the function in order. Nothing of a group is tried behind a change that failed."""
        outcomes: list[Outcome] = []
        stopped: set[str] = set()
        for arrival in slice.arrivals:
            group = arrival.message.group
            if group in stopped:
                outcome = Outcome("failed", "waits for an earlier change of its group")
            elif not slice.may_go_on():
                outcome = Outcome("failed", "the function's time was over")
            else:
                outcome = apply(arrival)
            if outcome.kind == "failed":
                stopped.add(group)
            outcomes.append(outcome)
        return outcomes

    def _call(self, own: ChangeHandler, arrival: Arrival, slice: Slice) -> Outcome:
        try:
            answer = own(arrival.change, self._context(arrival, slice))
        except BaseException as error:  # noqa: BLE001 (whatever own code raises)
            own_code.let_interrupts_pass(error)
            return outcome_of_error(error)
        if isinstance(answer, Outcome):
            return checked(answer, self._function)
        return Outcome("superseded" if answer == "superseded" else "applied")

    def _together(self, own: OwnSink, slice: Slice) -> list[Outcome]:
        """A class gets the whole slice. Where it raises, each change is tried alone."""
        if not slice.may_go_on():
            return [Outcome("failed", "the function's time was over")] * len(slice.arrivals)
        try:
            outcomes = own.apply(slice)
        except BaseException as error:  # noqa: BLE001 (whatever own code raises)
            own_code.let_interrupts_pass(error)
            outcome = outcome_of_error(error)
            if outcome.kind == "failed" or len(slice.arrivals) <= 1:
                return [outcome] * len(slice.arrivals)
            return self._one_by_one(
                slice,
                lambda arrival: self._together(
                    own, msgspec.structs.replace(slice, arrivals=[arrival])
                )[0],
            )
        if isinstance(outcomes, list) and len(outcomes) == len(slice.arrivals):
            return [checked(each, self._function) for each in outcomes]
        given = len(outcomes) if isinstance(outcomes, list) else "no list of"
        reason = (
            f"{self._function} returned {given} outcomes for "
            f"{counted(len(slice.arrivals), 'change')}"
        )
        return [Outcome("failed", reason)] * len(slice.arrivals)

    def _context(self, arrival: Arrival, slice: Slice) -> HandlerContext:
        delivery = arrival.delivery
        return HandlerContext(
            self._consumer,
            arrival.message.source,
            arrival.message.full_name,
            arrival.lane,
            arrival.change.id,
            delivery.attempt if delivery else 1,
            delivery.message_id if delivery else "",
            delivery.first_received_ms if delivery else 0,
            arrival.unproven,
            self._log,
            slice.time_left,
        )


def made(own: Any, place: str) -> Any:
    """A function as it is, a class as an object. Raises ConfigError."""
    if not inspect.isclass(own):
        if inspect.iscoroutinefunction(own) or inspect.isgeneratorfunction(own):
            raise ConfigError(
                f"{own.__name__} is async or a generator, so calling it does nothing.",
                thing=place,
                hint="Write a plain function that returns when its work is done.",
            )
        return own
    if not callable(getattr(own, "apply", None)):
        raise ConfigError(
            f"the class {own.__name__} has no method apply.",
            thing=place,
            hint="Add apply(self, slice), or name a function.",
        )
    try:
        return own()
    except BaseException as error:  # noqa: BLE001 (whatever own code raises)
        own_code.let_interrupts_pass(error)
        raise ConfigError(
            f"{own.__name__}() raises {text_of(error, ': ')}.",
            thing=place,
            hint="The class is made without arguments.",
        ) from None


def _for_own_code(arrival: Arrival) -> Arrival:
    """With rows that own code may change: the change is parked as it came."""
    change = arrival.change
    copied = msgspec.structs.replace(
        change,
        key=copy_of_row(change.key),
        before=None if change.before is None else copy_of_row(change.before),
        after=None if change.after is None else copy_of_row(change.after),
    )
    return msgspec.structs.replace(arrival, change=copied)


class HandlerExaminer:
    """Imports the code, as the function would."""

    def __init__(self, consumer: str, settings: HandlerSettings) -> None:
        self._place, self._function = f"consumers.{consumer}.handler", settings.function

    def targets(self, tables: Sequence[str]) -> list[Target]:
        return []

    def compare(self, tables: Sequence[ReceivedTable]) -> list[Finding]:
        try:
            own = own_code.load(self._function, self._place)
            if not inspect.isclass(own):
                made(own, self._place)
        except own_code.MissingModule as error:
            return [Finding(error.thing, "warn", error.what.rstrip("."), error.hint)]
        return []


def build(settings: HandlerSettings, around: Surroundings) -> HandlerSink:
    return HandlerSink(around.consumer.name, settings)


def examine(settings: HandlerSettings, access: SinkAccess) -> HandlerExaminer:
    return HandlerExaminer(access.consumer.name, settings)
