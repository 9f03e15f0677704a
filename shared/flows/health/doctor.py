"""Doctor: what the systems around a stage say: its databases and its sinks."""

import itertools
from collections.abc import Callable, Mapping

from shared.adapters.database.contract import Database
from shared.domain.preflight import check_source
from shared.domain.server_identity import who_answers
from shared.domain.sink import Sink
from shared.values.errors import RowlineError
from shared.values.finding import Finding
from shared.values.settings import ConsumerSettings, SourceSettings

Identity = tuple[str, ...]
"""The answer of `who_answers`."""


def check_database(
    source: SourceSettings, lag_seconds: float | None, connect: Callable[[], Database]
) -> tuple[list[Finding], Identity | None]:
    """What a source's database says, and which server it is; None where it cannot be asked.

    lag_seconds: how far the relay is behind, where that is known.
    """
    try:
        database = connect()
        try:
            identity = who_answers(database)
            return check_source(database, source, lag_seconds=lag_seconds), identity
        finally:
            database.close()
    except RowlineError as error:
        return [Finding.of_error(f"source {source.name}", error)], None


def check_captured_once(
    servers: Mapping[str, Identity], sources: Mapping[str, SourceSettings]
) -> list[Finding]:
    """Tables that two sources capture from one server, by two secrets. `servers`: by source."""
    findings = []
    for one, other in itertools.combinations(sorted(servers), 2):
        same_source = (sources[one].relay_of or one) == (sources[other].relay_of or other)
        both = sorted(sources[one].tables.keys() & sources[other].tables.keys())
        if servers[one] == servers[other] and both and not same_source:
            more = f" and {len(both) - 1} more" if len(both) > 1 else ""
            fix = (
                f"For a second relay write relayOf: {one} in place of the secret of {other}. "
                "Else capture each table in one of them."
            )
            findings.append(
                Finding(
                    f"sources {one}, {other}",
                    "warn",
                    f"read one server, and both capture {both[0]}{more}",
                    fix,
                )
            )
    return findings


def check_sink(consumer: ConsumerSettings, sink: Callable[[], Sink]) -> Finding:
    """Whether the consumer's sink answers and accepts its credentials."""
    thing = f"{consumer.kind} {consumer.name}"
    try:
        version = sink().probe()
    except RowlineError as error:
        return Finding.of_error(thing, error)
    return Finding(thing, "ok", version or "answers")
