"""Doctor: everything about a stage: what it does now, and what its databases and sinks say."""

from typing import Protocol

from shared.adapters.own_code import NotImported
from shared.domain.sink import Sink
from shared.flows.health.check import check
from shared.flows.health.declared_stage import DeclaredStage
from shared.flows.health.gathering_facts import HealthParts
from shared.flows.health.status import status
from shared.values.counted import counted
from shared.values.errors import RowlineError
from shared.values.finding import Finding


class Deployed(DeclaredStage, HealthParts, Protocol):
    """A deployed stage; `shared.stage.Stage` is one."""

    @property
    def full_name(self) -> str: ...

    def sink(self, consumer: str) -> Sink: ...


def doctor(deployed: Deployed) -> list[Finding]:
    """Every finding, `ok` included. One thing that cannot be asked hides nothing else."""
    settings, now = deployed.settings, status(deployed)
    lags = {relay.source: relay.lag_s for relay in now.relays}
    streams = deployed.state.streams
    return [
        Finding(
            "deployment",
            "ok",
            f"{deployed.full_name}, {counted(len(settings.sources), 'source')}, "
            f"{counted(len(settings.consumers), 'consumer')}",
        ),
        *check(deployed, lambda stream: streams.load(stream)[1], lags.get),
        *probes(deployed),
        *now.findings,
    ]


def probes(deployed: Deployed) -> list[Finding]:
    """Whether each sink answers. What the archive's does is in the findings of its committer."""
    consumers = deployed.settings.consumers.values()
    return [_probe(deployed, each.name) for each in consumers if each.kind != "archive"]


def _probe(deployed: Deployed, consumer: str) -> Finding:
    """Whether the consumer's sink answers and accepts its credentials."""
    thing = f"{deployed.settings.consumers[consumer].kind} {consumer}"
    try:
        version = deployed.sink(consumer).probe()
    except NotImported as error:  # run in another folder, or without the packages of the code
        what = error.what.rstrip(".")
        return Finding(thing, "warn", f"was not tried: {what}", error.hint)
    except RowlineError as error:
        return Finding.of_error(thing, error)
    return Finding(thing, "ok", version or "answers")
