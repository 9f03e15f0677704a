"""Status: the facts of a stage and what they mean, as far as state table and queues tell."""

import time

import msgspec

from shared.flows.health.facts import ConsumerFacts, RelayFacts
from shared.flows.health.findings import findings_of
from shared.flows.health.gathering import Parts, consumer_facts, relay_facts
from shared.values.finding import Finding


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


def status(parts: Parts) -> Status:
    """Ask everything once. Raises what the adapters raise."""
    settings, now = parts.settings, time.time()
    relays = [relay_facts(parts.state.streams, source, now) for source in settings.sources.values()]
    consumers = [consumer_facts(parts, one) for one in settings.consumers.values()]
    return Status(settings.stage, relays, consumers, findings_of(relays, consumers))
