"""Sink (long: one contract): what the runtime and the code that applies changes share.

The sinks are in `shared/flows/consume/sinks`, one module or package each. What only some sinks can
do, listing what they hold, is a contract of its own: verify and backfill ask for it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

from shared.adapters.state.state import State
from shared.domain.captured_tables import CapturedTable
from shared.domain.received_table import ReceivedTable
from shared.domain.superseded import is_superseded
from shared.values.change import Change, Row
from shared.values.delivery import Delivery
from shared.values.errors import ConfigError
from shared.values.finding import Finding
from shared.values.index_pair import NO_PAIRS, IndexPairs
from shared.values.message import Lane, Message
from shared.values.settings import ConsumerSettings


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A change on its way into the sink.

    message: the message that it came in. lane: that message's lane.
    change: the whole change; a large row was fetched from the claim store.
    size: about how many bytes it has.
    unproven: it passed the consumer's `changed` only because it has no `before`.
    delivery: the SQS message that it came in; None outside a function.
    newest: the highest seq of its row that the sink has taken, where the row has parked changes;
        else 0. A sink without versions drops an older change as superseded; one that may have
        forgotten a deletion does not write an older row.
    """

    message: Message
    lane: Lane
    change: Change
    size: int
    unproven: bool = False
    delivery: Delivery | None = None
    fields: dict[str, Any] | None = None
    newest: int = 0

    @property
    def is_older(self) -> bool:
        """Whether the sink has taken a newer change of the row."""
        return is_superseded(self.change.seq, self.newest)


class Slice(msgspec.Struct, frozen=True):
    """Changes that are applied in one call, in order within each message group.

    run: the id of the backfill under way, empty when there is none.
    may_go_on: whether there is time for another request to the sink.
    time_left: the seconds until the function is stopped.
    pairs: indexes that are written beside the serving ones.
    """

    arrivals: Sequence[Arrival]
    run: str = ""
    may_go_on: Callable[[], bool] = lambda: True
    time_left: Callable[[], float] = lambda: 60.0
    pairs: IndexPairs = NO_PAIRS


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """The fate of one change.

    kind: `applied`; `superseded`, the sink holds something newer; `filtered`, the consumer does not
    want it; `refused`, it will never be accepted as it is; `failed`, nothing is wrong with it, the
    same may succeed later.
    reason: why it was refused or failed. After the first colon a refusal may quote values.
    stack: where in the code it was refused; empty where that says nothing.
    retry_after: seconds that a failed change shall wait at least.
    asked: whether the sink's system was asked; else the outcome says nothing about it.
    pressed: the sink's system had no room for it, at first or in the end.
    """

    kind: Literal["applied", "superseded", "filtered", "refused", "failed"]
    reason: str = ""
    stack: str = ""
    retry_after: float = 0.0
    asked: bool = True
    pressed: bool = False

    @property
    def without_values(self) -> str:
        """The reason as it may be logged: a refusal quotes the value that it is about."""
        return self.reason.partition(":")[0] if self.kind == "refused" else self.reason


class Sink(Protocol):
    """A consumer's sink. One object serves a warm function for long."""

    def apply(self, slice: Slice) -> list[Outcome]:
        """Apply changes; returns one outcome per arrival.

        A sink of state ends with the newest change of each row, whatever the order or number of
        deliveries. An outage of the sink is `failed`, and so is what is not done when `may_go_on`
        says no. Raises what the state store raises; the same arrivals may then be applied again.
        """
        ...

    def probe(self) -> str:
        """Ask the sink whether it answers and accepts the credentials.

        Returns its version, empty where it does not tell. Raises Outage when it does not answer,
        another RowlineError when it refuses.
        """
        ...


class Held(msgspec.Struct, frozen=True):
    """A document as the sink holds it. `body` is empty where only ids and versions were listed."""

    id: str
    version: int
    body: dict[str, Any]


class Write(msgspec.Struct, frozen=True):
    """Write one document under a version; without a body, delete it."""

    id: str
    version: int
    body: dict[str, Any] | None


class Expected(msgspec.Struct, frozen=True):
    """The document that a row should be.

    id: empty when the row has none: for a null in its columns, or outside the consumer's filter.
    key: the values of `Documents.id_columns`, which find the row again.
    body: as the sink returns it.
    refused: why the row cannot be a document; the consumer parks it. Empty for others.
    """

    id: str
    key: list[Any]
    body: dict[str, Any]
    refused: str = ""


class Documents(Protocol):
    """The documents of one table in a sink. Raises the errors of the sink's adapter."""

    @property
    def id_columns(self) -> tuple[str, ...]:
        """The columns of which a document's id is made."""
        ...

    def expected(self, row: Row, fields: dict[str, Any] | None = None) -> Expected:
        """The document of a row as it was read. fields: what the consumer's mapping made of it."""
        ...

    def key_of(self, id: str) -> list[Any] | None:
        """The values of `id_columns` in a document id; None when it cannot be read back."""
        ...

    def get(self, ids: Sequence[str]) -> dict[str, Held]:
        """The documents with these ids that exist, as of now."""
        ...

    def newest(self, ids: Sequence[str]) -> int:
        """The highest version of the documents with these ids; 0 where none exists."""
        ...

    def scan(self) -> Iterator[Held]:
        """Every document's id and version, without bodies."""
        ...

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Write documents, into an empty place if there is none yet; returns one outcome each."""
        ...


@runtime_checkable
class Listable(Protocol):
    """What a sink can do whose content can be listed and compared."""

    def documents(self, table: CapturedTable, place: str = "") -> Documents:
        """The documents of a table, where the consumer keeps them or in another place."""
        ...

    def delete_again(self, deletions: Mapping[str, int], sleep: Callable[[float], object]) -> int:
        """Delete what was deleted while a run was under way, unless something newer is held.

        deletions: what `apply` recorded, address → seq. The sink may have forgotten a deletion
        before the older row arrived.
        sleep: waits; it is also called with 0 every few seconds of work, so that a job renews its
            hold. Returns the number of documents deleted. Raises the errors of the sink's adapter;
            the same call may then be made again.
        """
        ...


class Target(msgspec.Struct, frozen=True):
    """Where a sink keeps the rows of one table.

    place: its name, in a system of which `system` is the address.
    created_ms: when it was made, Unix ms; 0: it does not exist yet.
    ids: what the system calls what is behind the name; one that was made again has another id.
    problem: why nothing can be written there, as the predicate of a sentence about the place.
    """

    table: str
    place: str
    system: str
    created_ms: int = 0
    problem: str = ""
    ids: tuple[str, ...] = ()


class Examiner(Protocol):
    """A consumer's sink as `rowline check` and `rowline status` see it. It writes nothing.

    Its methods raise RowlineError when the sink does not answer.
    """

    def targets(self, tables: Sequence[str]) -> list[Target]:
        """Where it keeps these tables, `DATABASE.TABLE`."""
        ...

    def compare(self, tables: Sequence[ReceivedTable]) -> list[Finding]:
        """What is wrong with the stanza for these tables and for the sink."""
        ...


class SinkAccess(msgspec.Struct, frozen=True):
    """How a stage leads to the sink of one of its consumers.

    secret: the content of a Secrets Manager secret by its name, read again when `fresh` is true.
    address: a URL to use instead of the secret's; empty for none.
    """

    consumer: ConsumerSettings
    secret: Callable[[str, bool], Mapping[str, Any]]
    address: str = ""


class Surroundings(msgspec.Struct, frozen=True):
    """What a stage offers to the sink of one of its consumers; see `SinkAccess` for the others."""

    consumer: ConsumerSettings
    state: State
    secret: Callable[[str, bool], Mapping[str, Any]]
    address: str = ""

    @property
    def access(self) -> SinkAccess:
        """The way to the sink alone."""
        return SinkAccess(self.consumer, self.secret, self.address)


def require_listable(sink: Sink, consumer: ConsumerSettings) -> Listable:
    """The sink, when its content can be listed. Raises ConfigError."""
    if isinstance(sink, Listable):
        return sink
    raise ConfigError(
        f"its sink, {consumer.kind}, cannot list what it holds, so nothing can be compared.",
        thing=f"consumer {consumer.name}",
        hint=(
            "The archive has a proof of its own: rowline archive audit."
            if consumer.is_drained
            else "Compare a consumer whose sink can, or fill this one again: rowline backfill."
        ),
    )
