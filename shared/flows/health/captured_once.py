"""Captured once: finds tables that two sources capture from the same server."""

import itertools
from collections.abc import Mapping

from shared.values.finding import Finding
from shared.values.settings import SourceSettings

Identity = tuple[str, ...]
"""The answer of `who_answers`."""


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
