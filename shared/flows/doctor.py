"""Doctor: what a deployed stage needs to work, beside its sources: Elasticsearch, living relays, empty DLQs."""

from collections.abc import Callable

from shared.adapters.queue.contract import Queue
from shared.adapters.search.contract import Search
from shared.flows.preflight.finding import Finding
from shared.flows.status import RelayStatus
from shared.values.errors import RowlineError

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
            "Its schedule starts it within a minute of a deploy; see its function's log, or run `rowline relay`.",
        )
    if relay.state == "running":
        if relay.lag_s is not None and relay.lag_s > LAG_SECONDS:
            return Finding(
                check,
                "warn",
                f"running, {relay.lag_s:,.0f} s behind",
                "It catches up if the source writes less than it can read; see `rowline status`.",
            )
        return Finding(check, "ok", f"running, token {relay.token}, {0 if relay.lag_s is None else relay.lag_s:.1f} s behind")
    return Finding(check, "fail", "is not running: its lease is not renewed", "See its function's log, or run `rowline relay`.")


def check_search(consumer: str, search: Callable[[], Search]) -> Finding:
    """Whether the consumer's cluster answers and takes its credentials."""
    check = f"elasticsearch {consumer}"
    try:
        version = search().version()
    except RowlineError as error:
        return Finding(check, "fail", f"{error.thing}: {error.what}".removeprefix(": "), error.hint)
    major = version.partition(".")[0]
    if major.isdigit() and int(major) < OLDEST_ELASTICSEARCH:
        return Finding(check, "fail", f"is version {version}", f"Upgrade to {OLDEST_ELASTICSEARCH} or later.")
    return Finding(check, "ok", version or "answers")


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
                "Each has its reason in the attribute `reason`; mend that, then run `rowline verify --repair`.",
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
