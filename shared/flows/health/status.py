"""Status: the facts of a stage and what they mean. It asks everything at once."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from shared.adapters.observation.contract import ConsumerSigns, KeptQueue
from shared.domain.sink import Target
from shared.domain.verify_validity import basis_in, expiry
from shared.flows.health.findings.archive_findings import archive_findings
from shared.flows.health.findings.consumer_findings import consumer_findings
from shared.flows.health.findings.gate_findings import gate_findings
from shared.flows.health.findings.job_findings import job_findings
from shared.flows.health.findings.observed_findings import (
    kept_finding,
    observed_findings,
    target_findings,
)
from shared.flows.health.findings.proof_findings import proof_findings
from shared.flows.health.findings.relay_findings import (
    binlog_used,
    relay_finding,
    stopped_tables,
)
from shared.flows.health.findings.watch_findings import watch_findings
from shared.flows.health.gathering_facts import HealthParts, consumer_facts
from shared.flows.health.relay_state import relay_facts
from shared.flows.health.stage_facts import ConsumerFacts, RelayFacts
from shared.values.errors import RowlineError
from shared.values.finding import Finding
from shared.values.pulse import Pulse
from shared.values.settings import ConsumerSettings, StageSettings

THREADS = 12


class Status(msgspec.Struct, frozen=True):
    """All of a stage: facts, and the findings about them."""

    stage: str
    relays: list[RelayFacts]
    consumers: list[ConsumerFacts]
    findings: list[Finding]

    @property
    def wrong(self) -> list[Finding]:
        """The findings that somebody should act on."""
        return [finding for finding in self.findings if finding.level != "ok"]


def status(parts: HealthParts) -> Status:
    """Ask everything once, in parallel. Raises what state table and queues raise.

    A sink, or a service of AWS that only observes, which does not answer is a finding.
    """
    settings, now = parts.settings, time.time()
    names = list(settings.consumers)
    with ThreadPoolExecutor(THREADS) as pool:
        signs = pool.submit(_signs, parts, names)
        kept = pool.submit(_kept, parts, names)
        pulses = pool.submit(parts.state.pulses.read)
        sinks = [pool.submit(_sink, parts, one) for one in settings.consumers.values()]
        jobs = [pool.submit(job_findings, parts.state.jobs, name) for name in names]
        archive = pool.submit(_archive, parts, now)
        relays = list(
            pool.map(
                lambda one: relay_facts(parts.state.streams, one, now), settings.sources.values()
            )
        )
        consumers = list(
            pool.map(lambda one: consumer_facts(parts, one), settings.consumers.values())
        )
    observed, problems = signs.result()
    queues, more = kept.result()
    pulse = pulses.result()
    findings: list[Finding] = [*watch_findings(pulse, now), *problems, *more]
    if observed:
        consumers = [
            msgspec.structs.replace(one, signs=observed[one.consumer]) for one in consumers
        ]
    asked = [sink.result() for sink in sinks]
    consumers = [
        _judged(one, settings, targets, pulse)
        for one, (targets, _) in zip(consumers, asked, strict=True)
    ]
    for one, (targets, unanswered), of_jobs in zip(consumers, asked, jobs, strict=True):
        if observed:
            findings += observed_findings(one, settings.consumers[one.consumer])
        findings += proof_findings(one, now)
        findings += unanswered or (target_findings(one, targets) if targets is not None else [])
        findings += of_jobs.result()
    findings += archive.result()
    findings += [kept_finding(queue) for queue in queues]
    findings += [each for one in consumers for each in gate_findings(one.consumer, one.gate, now)]
    return Status(settings.stage, relays, consumers, [*findings_of(relays, consumers), *findings])


def findings_of(relays: Sequence[RelayFacts], consumers: Sequence[ConsumerFacts]) -> list[Finding]:
    """Everything that the facts say, `ok` included: one finding at least for each thing."""
    stopped = {table for relay in relays for table in relay.stopped}
    return [
        *(relay_finding(relay) for relay in relays),
        *(finding for relay in relays for finding in binlog_used(relay)),
        *(finding for relay in relays for finding in stopped_tables(relay)),
        *(
            finding
            for consumer in consumers
            for finding in consumer_findings(consumer.without_due(stopped))
        ),
    ]


def _judged(
    one: ConsumerFacts, settings: StageSettings, targets: list[Target] | None, pulse: Pulse
) -> ConsumerFacts:
    """The facts with whether the last verify still proves something."""
    consumer = settings.consumers[one.consumer]
    seen = pulse.memory.subscribed.get(one.consumer)
    why = expiry(one.verified, consumer, settings.source_of(consumer), targets, seen)
    return msgspec.structs.replace(one, expired=why)


def _signs(parts: HealthParts, names: list[str]) -> tuple[dict[str, ConsumerSigns], list[Finding]]:
    try:
        return parts.observation.signs(names), []
    except RowlineError as error:
        return {}, [Finding.of_error("metrics", error)]


def _kept(parts: HealthParts, names: list[str]) -> tuple[list[KeptQueue], list[Finding]]:
    try:
        return parts.observation.kept(names), []
    except RowlineError as error:
        return [], [Finding.of_error("kept queues", error)]


def _archive(parts: HealthParts, now: float) -> list[Finding]:
    if parts.settings.archive is None:
        return []
    return archive_findings(parts.state.archive_progress.read(), now)


def _sink(
    parts: HealthParts, consumer: ConsumerSettings
) -> tuple[list[Target] | None, list[Finding]]:
    """The places where a consumer writes (None: its sink has no examiner), or why not."""
    try:
        examiner = parts.examiner(consumer.name)
        if examiner is None:
            return None, []
        captured = parts.settings.source_of(consumer).tables
        named = [name for name in captured if "*" not in name]
        proved = basis_in(parts.state.reports.read(consumer.name)).indexes
        names = dict.fromkeys((*named, *proved))
        wanted = [name for name in names if consumer.wants(*name.split(".", 1))]
        return examiner.targets(wanted), []
    except RowlineError as error:
        return None, [Finding.of_error(f"sink {consumer.name}", error)]
