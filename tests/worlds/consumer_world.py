"""A consumer among twins, and the making of changes and messages for its tests."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from shared.domain.sink import Sink
from shared.flows.consume.batch_result import Consumed
from shared.flows.consume.consume import Consume
from shared.flows.consume.park_budget import LEAST_ROWS
from shared.flows.consume.preparing import prepared
from shared.flows.consume.sinks.elasticsearch.latest_state import LatestState
from shared.flows.consume.sinks.elasticsearch.layout import Layout
from shared.flows.consume.sinks.elasticsearch.sink_settings import ElasticsearchSettings
from shared.values.change import Change, Operation, Transaction
from shared.values.deduplication_id import deduplication_id
from shared.values.delivery import Delivery
from shared.values.message import Message, attributes, decode, encode
from shared.values.parked_change import ParkedChange
from shared.values.settings import ConsumerSettings, FilterSettings
from shared.values.table import Column, Table
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.queue import MemoryQueue
from tests.worlds.twins.search import MemorySearch
from tests.worlds.twins.state import memory_state, wrapped

TABLE = Table(
    "shop",
    "items",
    (Column("id", "int", nullable=False), Column("price", "int"), Column("title", "varchar")),
    ("id",),
)
ALIAS = "shop-items"
STREAM = "shop"


def consumer_settings(
    *,
    marks: bool = True,
    tables: tuple[str, ...] = ("shop.items",),
    operations: tuple[str, ...] = (),
    filter: FilterSettings = FilterSettings(),  # noqa: B008 (frozen)
    upcasters: dict[str, dict[str, str]] | None = None,
    mapping: str = "",
    **stanza: Any,
) -> ConsumerSettings:
    return ConsumerSettings(
        name="search",
        source="shop",
        tables=tables,
        sink={"kind": "elasticsearch", "secret": "s", **stanza},
        marks=marks,
        operations=operations,
        filter=filter,
        upcasters=upcasters or {},
        mapping=mapping,
    )


def elasticsearch_settings(consumer: ConsumerSettings) -> ElasticsearchSettings:
    return msgspec.convert(consumer.sink, ElasticsearchSettings)


def layout(consumer: ConsumerSettings | None = None, **stanza: Any) -> Layout:
    """The layout of a consumer, or of one with this stanza."""
    consumer = consumer or consumer_settings(**stanza)
    return Layout(consumer, elasticsearch_settings(consumer))


def change(seq: int, op: Operation, id: int, **row: Any) -> Change:
    """A change of the row `id`; `before` in full only where the operation is a deletion."""
    full = {"id": id, **row}
    gone = op in ("d", "t")
    key = {} if op == "t" else {"id": id}
    return Change(
        f"tx/{seq}",
        seq,
        op,
        1_700_000_000_000 + seq,
        key,
        full if op == "d" else None,
        None if gone else full,
        Transaction("tx", 0, True),
    )


def message(
    changes: Sequence[Change], group: str, *, schema_version: int = 1, table: str = "items"
) -> Message:
    return Message(STREAM, "shop", "shop", table, schema_version, group, None, list(changes))


def delivery(
    changes: Sequence[Change],
    group: str = "g",
    *,
    lane: str = "live",
    attempt: int = 1,
    run: str = "",
    **options: Any,
) -> Delivery:
    """One received message; its id is made of what it holds."""
    identity = deduplication_id(list(changes), run=run)
    extra = {"run": run} if run else {}
    return Delivery(
        message_id=identity,
        receipt_handle=f"receipt-{identity}",
        body=encode(message(changes, group, **options)),
        group=group,
        deduplication_id=identity,
        attempt=attempt,
        attributes={**attributes("shop", "shop.items", lane), **extra},  # type: ignore[arg-type]
    )


def parked_change(
    id: str, seq: int, group: str = "t-1", row: str = "r1", **more: Any
) -> ParkedChange:
    """A parked change as the state keeps it."""
    fields: dict[str, Any] = {
        "table": "shop.items",
        "key": '{"id":1}',
        "op": "u",
        "ts_ms": 5,
        "error": "KeyError",
        "message": "KeyError: 'é'",
        "reason": "KeyError",
        "parked_ms": 6,
        "tried_ms": 6,
        "last": "KeyError: 'é'",
        "expires": 1 << 33,
    }
    return ParkedChange(id=id, group=group, row=row, seq=seq, **{**fields, **more})


class HandedQueue(MemoryQueue):
    """The queue of deliveries that a test makes itself: their handles are always valid."""

    def hide(self, receipt_handles: list[str], seconds: int) -> set[str]:
        super().hide(receipt_handles, seconds)
        return set()


class ConsumerWorld:
    """The twins and a consumer over them. `wrap` puts something between the consumer and each of
    them.
    """

    least_rows = LEAST_ROWS
    """From so many changes on, the share of refusals counts."""

    def __init__(
        self,
        consumer: ConsumerSettings | None = None,
        wrap: Callable[[Any], Any] = lambda twin: twin,
    ) -> None:
        self.settings = consumer or consumer_settings()
        self.search, self.state = MemorySearch(), memory_state()
        self.claims, self.queue = MemoryClaims(), HandedQueue()
        self.state.schemas.version_of(STREAM, TABLE)
        self._wrap = wrap
        self.slept: list[float] = []
        self.consume = self.cold_start()

    def cold_start(self) -> Consume:
        """A new process of the function."""
        claims, queue = map(self._wrap, (self.claims, self.queue))
        state, sink = wrapped(self.state, self._wrap), self.sink(self._wrap)
        made = Consume(self.settings, sink, state, claims, queue, sleep=self.slept.append)
        made._parking.budget.least = self.least_rows
        return made

    def sink(self, wrap: Callable[[Any], Any] = lambda twin: twin) -> Sink:
        """The consumer's sink, with something between it and the twins."""
        settings, state = elasticsearch_settings(self.settings), wrapped(self.state, wrap)
        search = wrap(self.search)
        sink = LatestState(self.settings, settings, search, state, self.slept.append)
        return prepared(sink, self.settings, self.state.schemas)

    def handle(
        self, *deliveries: Delivery, time_left: Callable[[], float] = lambda: 60.0
    ) -> Consumed:
        return self.consume.handle(deliveries, time_left)

    def documents(self, alias: str = ALIAS) -> dict[str, dict[str, Any]]:
        return {
            id: held.body
            for id, held in self.search.indexes.get(alias, {}).items()
            if held.body is not None
        }

    def parked(self) -> list[ParkedChange]:
        """The parked changes, by group and seq."""
        return list(self.state.parked.all("search"))

    def payload(self, parked: ParkedChange) -> Message:
        """The message that a parked change is kept as."""
        if parked.payload:
            return decode(self.claims.get(parked.payload))
        body = self.state.parked.body("search", parked)
        assert body is not None
        return decode(body)

    def done(self, run: str) -> int:
        """How many messages of a backfill are noted as applied."""
        return len(self.state.done_messages.runs.get(("search", run), ()))

    def mark(self, group: str = "g") -> tuple[int, int]:
        mark = self.state.marks.read("search", [group]).marks[group]
        return mark.seq, mark.count
