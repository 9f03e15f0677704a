"""Status: what a stage does right now, as far as what it left in the state table and its queues
tells.
"""

import time
from collections.abc import Callable
from typing import Any

import msgspec

from shared.adapters.queue.contract import Queue
from shared.adapters.state.contract import Consumers, Schemas, Streams
from shared.values.checkpoint import Lost
from shared.values.seq import split_seq
from shared.values.settings import ConsumerSettings, Settings, SourceSettings

SILENT_S = 15
"""A relay that has not renewed its lease for so long is not running: lease time, publish time-out
and slack.
"""


LOST_SHOWN_S = 7 * 86_400


class RelayStatus(msgspec.Struct, frozen=True):
    """A source and its relay. `state`: running · waiting (for its schedule) · silent (lease not
    renewed) · never · failed; `figures` are the relay's own; `lost` what the last change of server
    lost, in words ("": nothing, or more than a week ago).
    """

    source: str
    state: str
    holder: str
    token: int
    position: str
    read_to: str
    epoch: int
    n: int
    server: str
    lag_s: float | None
    error: str
    figures: dict[str, Any]
    lost: str = ""


class ConsumerStatus(msgspec.Struct, frozen=True):
    """A consumer: messages waiting, in flight and in the DLQ, the backfill under way (id or ""),
    the tables whose backfill is `due` because a DDL statement changed their rows without row
    events, and the last verify.
    """

    consumer: str
    state: str
    waiting: int
    in_flight: int
    dlq: int
    backfill: str
    due: list[str]
    verified: dict[str, Any] | None


class Status(msgspec.Struct, frozen=True):
    """All of a stage, with what to do next about what is wrong."""

    stage: str
    relays: list[RelayStatus]
    consumers: list[ConsumerStatus]
    advice: list[str]

    @property
    def ok(self) -> bool:
        return not self.advice


def status(
    settings: Settings,
    streams: Streams,
    schemas: Schemas,
    consumers: Consumers,
    queue: Callable[[str], Queue],
    dlq: Callable[[str], Queue],
) -> Status:
    """Ask everything once. Raises StackError and what the adapters raise."""
    now = time.time()
    relays = [_relay(streams, source, now) for source in settings.sources.values()]
    rewrites = {
        consumer.source: _still_captured(
            schemas.rewrites(consumer.source), settings.source_of(consumer)
        )
        for consumer in settings.consumers.values()
    }
    states = [
        _consumer(consumers, consumer, rewrites[consumer.source], queue(name), dlq(name))
        for name, consumer in settings.consumers.items()
    ]
    return Status(
        stage=settings.stage,
        relays=relays,
        consumers=states,
        advice=[*_relay_advice(relays), *_consumer_advice(states)],
    )


def _relay(streams: Streams, source: SourceSettings, now: float) -> RelayStatus:
    lease, checkpoint = streams.load(source.stream)
    figures = dict(lease.figures)
    error = str(figures.pop("error", "") or "")
    renewed = float(figures.get("renewed_ms", 0)) / 1000
    if error:
        state = "failed"
    elif lease.holder:
        state = "running" if now - renewed < SILENT_S else "silent"
    else:
        state = "waiting" if checkpoint else "never"
    epoch, n = split_seq(checkpoint.seq + checkpoint.rows) if checkpoint else (0, 0)
    return RelayStatus(
        source=source.name,
        state=state,
        holder=lease.holder,
        token=lease.token,
        position=str(checkpoint.position) if checkpoint else "",
        read_to=str(checkpoint.read_to) if checkpoint else "",
        epoch=epoch,
        n=n,
        server=checkpoint.server if checkpoint else "",
        lag_s=max(0.0, round(now - checkpoint.read_ts_ms / 1000, 1))
        if checkpoint and checkpoint.read_ts_ms
        else None,
        error=error,
        figures=figures,
        lost=_lost(checkpoint.lost, now) if checkpoint and checkpoint.lost else "",
    )


def _lost(lost: Lost, now: float) -> str:
    return lost.summary() if lost.pending or now - lost.at_ms / 1000 < LOST_SHOWN_S else ""


def _still_captured(rewrites: dict[str, str], source: SourceSettings) -> dict[str, str]:
    return {table: transaction for table, transaction in rewrites.items() if table in source.tables}


def due_of(
    consumer: ConsumerSettings, rewrites: dict[str, str], filled: dict[str, str]
) -> list[str]:
    """The consumer's tables whose last rewriting statement no backfill has brought it yet."""
    return sorted(
        table
        for table, transaction in rewrites.items()
        if consumer.wants(*table.split(".", 1)) and filled.get(table) != transaction
    )


def _consumer(
    consumers: Consumers,
    consumer: ConsumerSettings,
    rewrites: dict[str, str],
    queue: Queue,
    dlq: Queue,
) -> ConsumerStatus:
    name = consumer.name
    waiting, in_flight = queue.depth()
    aside = sum(dlq.depth())
    run = consumers.run(name)
    state = "set aside" if aside else "backfill" if run else "ok"
    return ConsumerStatus(
        consumer=name,
        state=state,
        waiting=waiting,
        in_flight=in_flight,
        dlq=aside,
        backfill=run.id if run else "",
        due=due_of(consumer, rewrites, consumers.filled(name) if rewrites else {}),
        verified=consumers.report(name),
    )


def _relay_advice(relays: list[RelayStatus]) -> list[str]:
    out = []
    for relay in relays:
        if relay.state == "failed":
            out.append(f"{relay.source}: {relay.error}")
        elif relay.state == "never":
            out.append(
                f"{relay.source}: the relay has never run. Its schedule starts it within a minute "
                "of a deploy; `rowline doctor` looks for the cause."
            )
        elif relay.state == "silent":
            out.append(
                f"{relay.source}: the relay ended without releasing its lease. The schedule starts "
                "another within a minute."
            )
        elif relay.lag_s is not None and relay.lag_s > 60:
            out.append(f"{relay.source}: the relay is {relay.lag_s:,.0f} s behind.")
    return out


def due_command(one: ConsumerStatus) -> str:
    """What brings the consumer the rows that are due."""
    return f"rowline backfill {one.consumer} --from source --tables '{','.join(one.due)}'"


def _consumer_advice(consumers: list[ConsumerStatus]) -> list[str]:
    out = []
    for one in consumers:
        if one.dlq:
            out.append(
                f"{one.consumer}: {one.dlq} messages set aside in its DLQ, each with its reason in "
                "the attribute `reason`."
            )
        if one.due:
            out.append(
                f"{one.consumer}: {', '.join(one.due)}: a DDL statement changed rows without row "
                f"events. Run `{due_command(one)}`."
            )
        if one.verified and one.verified.get("differences"):
            out.append(
                f"{one.consumer}: the last verify found {one.verified['differences']} differences. "
                f"Run `rowline verify {one.consumer} --repair`."
            )
    return out
