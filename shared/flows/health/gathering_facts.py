"""Gathering facts: asks state table and queues for the facts of a stage."""

import time
from typing import Protocol

from shared.adapters.observation.contract import Observation
from shared.adapters.queue.contract import Queue
from shared.adapters.state.dues import Dues
from shared.adapters.state.state import State
from shared.adapters.state.streams import Streams
from shared.domain.gate_transitions import as_deployed
from shared.domain.open_dues import open_dues
from shared.domain.parked_by_reason import by_reason
from shared.domain.sink import Examiner
from shared.domain.watermark import RELAY_SILENT_SECONDS
from shared.flows.health.stage_facts import ConsumerFacts, RelayFacts
from shared.flows.health.thresholds import LOST_SHOWN_S
from shared.values.checkpoint import Checkpoint, Lost
from shared.values.seq import split_seq
from shared.values.settings import ConsumerSettings, SourceSettings, StageSettings


class HealthParts(Protocol):
    """The parts of a stage that tell how it is; `shared.stage.Stage` has them."""

    @property
    def settings(self) -> StageSettings: ...

    @property
    def state(self) -> State: ...

    def queue(self, consumer: str) -> Queue: ...

    def dlq(self, consumer: str) -> Queue: ...

    def undelivered(self, consumer: str) -> Queue: ...

    def examiner(self, consumer: str) -> Examiner | None: ...

    @property
    def observation(self) -> Observation: ...


def relay_facts(streams: Streams, source: SourceSettings, now: float) -> RelayFacts:
    """What the lease and the checkpoint of a source's relay say. `now`: Unix seconds."""
    lease, checkpoint = streams.load(source.stream)
    figures = dict(lease.figures)
    error = str(figures.pop("error", "") or "")
    renewed = float(figures.get("renewed_ms", 0)) / 1000
    if error:
        state = "failed"
    elif lease.holder:
        state = "running" if now - renewed < RELAY_SILENT_SECONDS else "silent"
    else:
        state = "waiting" if checkpoint else "never"
    epoch, n = split_seq(checkpoint.seq + checkpoint.rows) if checkpoint else (0, 0)
    return RelayFacts(
        source=source.name,
        state=state,
        holder=lease.holder,
        token=lease.token,
        position=str(checkpoint.position) if checkpoint else "",
        read_to=str(checkpoint.read_to) if checkpoint else "",
        epoch=epoch,
        n=n,
        server=checkpoint.server if checkpoint else "",
        lag_s=_lag(checkpoint, now),
        error=error,
        figures=figures,
        lost=_lost(checkpoint.lost, now) if checkpoint and checkpoint.lost else "",
        kept_s=int(figures.get("binlog_kept_s", 0)),
        stopped=_stopped(checkpoint) if checkpoint else {},
    )


def consumer_facts(parts: HealthParts, consumer: ConsumerSettings) -> ConsumerFacts:
    """What a consumer's queues hold, and what the state table remembers of it."""
    name = consumer.name
    source = parts.settings.source_of(consumer)
    waiting, in_flight = parts.queue(name).depth()
    run = parts.state.jobs.current(name, "fill")
    return ConsumerFacts(
        consumer=name,
        waiting=waiting,
        in_flight=in_flight,
        dlq=sum(parts.dlq(name).depth()),
        undelivered=sum(parts.undelivered(name).depth()),
        job=run.id if run else "",
        job_kind=run.kind if run else "",
        due=_due(parts.state.dues, consumer, source),
        verified=parts.state.reports.read(name),
        parked=tuple(by_reason(parts.state.parked.all(name))),
        gate=as_deployed(parts.state.gates.read(name), consumer.enabled, int(time.time() * 1000)),
    )


def _due(dues: Dues, consumer: ConsumerSettings, source: SourceSettings) -> dict[str, str]:
    """The tables that are due, each with the reasons where they are known."""
    reasons: dict[str, list[str]] = {}
    for one in open_dues(dues, consumer, source):
        reasons.setdefault(one.table, []).extend([one.why] if one.why else [])
    return {table: ", ".join(whys) for table, whys in reasons.items()}


def _lag(checkpoint: Checkpoint | None, now: float) -> float | None:
    if checkpoint is None or not checkpoint.read_ts_ms:
        return None
    return max(0.0, round(now - checkpoint.read_ts_ms / 1000, 1))


def _stopped(checkpoint: Checkpoint) -> dict[str, tuple[str, str]]:
    return {
        name: (checkpoint.stopped[name].what, checkpoint.stopped[name].fix)
        for name in checkpoint.whole.stopped
    }


def _lost(lost: Lost, now: float) -> str:
    return lost.summary() if lost.pending or now - lost.at_ms / 1000 < LOST_SHOWN_S else ""
