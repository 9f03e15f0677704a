"""Check: compares the stanzas with databases, secrets and sinks.

A system that does not answer is a finding itself, and does not stop the other checks.
"""

from collections.abc import Callable
from functools import cache

import msgspec

from shared.flows.health.captured_once import check_captured_once
from shared.flows.health.declared_stage import DeclaredStage
from shared.flows.health.sink_check import check_consumer
from shared.flows.health.source_check import SourceAnswer, check_database
from shared.flows.health.stream_check import check_stream
from shared.values.checkpoint import Checkpoint
from shared.values.finding import Finding
from shared.values.settings import StageSettings


def check(
    asked: DeclaredStage,
    checkpoint: Callable[[str], Checkpoint | None],
    lag_s: Callable[[str], float | None] = lambda _: None,
) -> list[Finding]:
    """Every finding about the stanzas of a stage, `ok` included.

    checkpoint: that of a stream, None where the stage is not deployed or the stream has not begun.
    lag_s: how far the relay of a source is behind, by the source's name.
    """
    checkpoint = cache(checkpoint)  # relays of one source look at each other's
    settings = asked.settings
    findings: list[Finding] = []
    answers: dict[str, SourceAnswer] = {}
    for name, source in settings.sources.items():
        if not source.relay_of:
            answers[name] = check_database(asked, settings.whole(source), lag_s(name))
            findings += _of(name, answers[name].findings, settings)
        findings += check_stream(asked, source, checkpoint)
    servers = {name: answer.identity for name, answer in answers.items() if answer.identity}
    findings += check_captured_once(servers, settings.sources)
    owners: dict[tuple[str, str], str] = {}
    for consumer in settings.consumers.values():
        findings += check_consumer(asked, consumer, answers[consumer.source].tables, owners)
    return findings


def _of(name: str, findings: list[Finding], settings: StageSettings) -> list[Finding]:
    """Findings about a server, with its source's name in front where there are several."""
    if len([one for one in settings.sources.values() if not one.relay_of]) == 1:
        return findings
    return [msgspec.structs.replace(one, thing=f"{name}: {one.thing}") for one in findings]
