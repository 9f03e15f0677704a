"""Doctor: what a deployed stage needs to work, beside its sources: Elasticsearch, living relays,
empty DLQs.
"""

import itertools
from collections.abc import Callable, Mapping

from shared.adapters.queue.contract import Queue
from shared.adapters.search.contract import Search
from shared.flows.health.status import ConsumerStatus, RelayStatus, due_command
from shared.values.errors import RowlineError
from shared.values.finding import Finding
from shared.values.settings import SourceSettings
from shared.values.stream import relay_of

LAG_SECONDS = 300
OLDEST_ELASTICSEARCH = 8


def check_relay(relay: RelayStatus) -> Finding:
    """Whether a source's relay works, and keeps up."""
    check = f"relay {relay.source}"
    if relay.error:
        return Finding(check, "fail", relay.error, "Mend that; the relay tries again by itself.")
    if relay.state == "never":
        return Finding(
            check,
            "fail",
            "has never run",
            "Its schedule starts it within a minute of a deploy; see its function's log, or "
            "run `rowline relay`.",
        )
    if relay.state == "running" and (waiting := relay.figures.get("waiting_for")):
        table, stream = next(iter(sorted(waiting.items())))
        return Finding(
            check,
            "warn",
            f"waits for {table}, which {relay_of(stream)} still has",
            f"The relay {relay_of(stream)} gives it up once it runs what is deployed now; see "
            "`rowline status`.",
        )
    if relay.state == "running":
        if relay.lag_s is not None and relay.lag_s > LAG_SECONDS:
            return Finding(
                check,
                "warn",
                f"running, {relay.lag_s:,.0f} s behind",
                "It catches up if the source writes less than it can read; see `rowline status`.",
            )
        return Finding(
            check,
            "ok",
            f"running, token {relay.token}, {0 if relay.lag_s is None else relay.lag_s:.1f} s "
            "behind",
        )
    return Finding(
        check,
        "fail",
        "is not running: its lease is not renewed",
        "See its function's log, or run `rowline relay`.",
    )


def check_captured_once(
    servers: Mapping[str, tuple[str, ...]], sources: Mapping[str, SourceSettings]
) -> list[Finding]:
    """Tables that two sources capture from one server, by two secrets: `servers` is by source what
    `who_answers`.
    """
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


def check_search(consumer: str, search: Callable[[], Search]) -> Finding:
    """Whether the consumer's cluster answers and takes its credentials."""
    check = f"elasticsearch {consumer}"
    try:
        version = search().version()
    except RowlineError as error:
        return Finding(check, "fail", f"{error.thing}: {error.what}".removeprefix(": "), error.hint)
    major = version.partition(".")[0]
    if major.isdigit() and int(major) < OLDEST_ELASTICSEARCH:
        return Finding(
            check, "fail", f"is version {version}", f"Upgrade to {OLDEST_ELASTICSEARCH} or later."
        )
    return Finding(check, "ok", version or "answers")


def check_filled(one: ConsumerStatus) -> list[Finding]:
    """Whether the consumer has the rows that DDL statements changed without row events."""
    if not one.due:
        return []
    return [
        Finding(
            f"rows {one.consumer}",
            "warn",
            f"changed by DDL, without row events: {', '.join(one.due)}",
            f"Run `{due_command(one)}`.",
        )
    ]


def check_dlq(consumer: str, dlq: Queue, undelivered: Queue) -> list[Finding]:
    """Whether nothing was set aside, and SNS delivered everything."""
    aside, lost = sum(dlq.depth()), sum(undelivered.depth())
    findings = []
    if aside:
        findings.append(
            Finding(
                f"dlq {consumer}",
                "fail",
                f"{aside:,} messages were set aside",
                "Each has its reason in the attribute `reason`; mend that, then run `rowline "
                "verify --repair`.",
            )
        )
    if lost:
        findings.append(
            Finding(
                f"undelivered {consumer}",
                "fail",
                f"SNS could not deliver {lost:,} messages",
                "Check the queue's policy and key, then run `rowline verify --repair`.",
            )
        )
    return findings or [Finding(f"dlq {consumer}", "ok", "empty")]
