"""Gathering facts: asks state table and queues for the facts of a consumer."""

import time
from typing import Protocol

from shared.adapters.observation.contract import Observation
from shared.adapters.queue.contract import Queue
from shared.adapters.state.dues import Dues
from shared.adapters.state.state import State
from shared.domain.gate_transitions import as_deployed
from shared.domain.open_dues import open_dues
from shared.domain.parked_by_reason import by_reason
from shared.domain.sink import Examiner
from shared.flows.health.stage_facts import ConsumerFacts
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
