"""What the facts of a stage mean: each trouble is a finding with its level and what to do."""

import json
import subprocess
from pathlib import Path

import msgspec
import pytest

from shared.domain.parked_by_reason import by_reason
from shared.flows.health import thresholds
from shared.flows.health.findings.consumer_findings import consumer_findings
from shared.flows.health.findings.relay_findings import relay_finding
from shared.flows.health.stage_facts import ConsumerFacts, RelayFacts
from shared.flows.health.status import findings_of
from tests.worlds.consumer_world import parked_change

ROOT = Path(__file__).resolve().parents[2]
RUNNING = RelayFacts(
    source="shopEvents",
    state="running",
    holder="lambda 1",
    token=7,
    position="bin.000001:4",
    read_to="bin.000001:4",
    epoch=498_000,
    n=3,
    server="s",
    lag_s=0.2,
    error="",
    figures={},
)
IDLE = ConsumerFacts("search", 0, 0, 0, 0, "", {}, None)
(PARKED,) = by_reason([parked_change("a", 1, reason="KeyError: 'currency'")])


def test_a_stage_in_order_has_one_ok_finding_for_each_thing() -> None:
    found = findings_of([RUNNING], [IDLE])
    assert [(one.thing, one.level) for one in found] == [
        ("relay shopEvents", "ok"),
        ("dlq search", "ok"),
    ]


@pytest.mark.parametrize(
    ("change", "level", "what"),
    [
        ({"error": "host db: does not answer."}, "fail", "does not answer"),
        ({"state": "never"}, "fail", "has never run"),
        ({"state": "silent"}, "fail", "ended without releasing its lease"),
        ({"lag_s": thresholds.RELAY_LAG_S + 1.0}, "warn", "is 61 s behind"),
        ({"lag_s": float(thresholds.RELAY_LAG_S)}, "ok", "60.0 s behind"),
        ({"state": "waiting"}, "ok", "waiting"),
        (
            {"figures": {"waiting_for": {"shop.events": "shop"}}},
            "warn",
            "waits for shop.events, which shop still has",
        ),
    ],
)
def test_a_relay_in_trouble(change: dict[str, object], level: str, what: str) -> None:
    found = relay_finding(msgspec.structs.replace(RUNNING, **change))
    assert (found.level, what in found.what) == (level, True)
    assert bool(found.fix) == (level != "ok")


@pytest.mark.parametrize(
    ("change", "thing", "level", "fix"),
    [
        ({"dlq": 3}, "dlq search", "fail", "rowline resync search"),
        ({"parked": (PARKED,)}, "search", "fail", "next: rowline parked list search"),
        ({"undelivered": 2}, "undelivered search", "fail", "policy"),
        ({"due": {"shop.items": "RENAME"}}, "rows search", "warn", "rowline resync search"),
        ({"verified": {"differences": 4}}, "verify search", "warn", "--repair"),
    ],
)
def test_a_consumer_in_trouble(change: dict[str, object], thing: str, level: str, fix: str) -> None:
    (found,) = [
        one
        for one in consumer_findings(msgspec.structs.replace(IDLE, **change))
        if one.level != "ok"
    ]
    assert (found.thing, found.level) == (thing, level)
    assert fix in found.fix


SCRIPT = """
const { relayAlarms, consumerAlarms } = require('./plugins/rowline/expand/alarms');
const ids = new Proxy({ alarm: (name) => name }, { get: (t, k) => t[k] ?? String(k) });
console.log(JSON.stringify({
  ...relayAlarms(ids, 'shop', 'rowline-dev', 'arn'),
  ...consumerAlarms(ids, { name: 'search', functionName: 'f' }, 'rowline-dev', 'arn') }));
"""


def test_alarms_ring_at_the_thresholds_of_the_findings() -> None:
    done = subprocess.run(
        ["node", "-e", SCRIPT], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    )
    limits = {
        name: alarm["Properties"]["Threshold"] for name, alarm in json.loads(done.stdout).items()
    }
    assert limits["Lag"] == thresholds.RELAY_LAG_S * 1000
    assert limits["Retention"] == thresholds.BINLOG_USED_PERCENT
    assert limits["Late"] == thresholds.CONSUMER_LATE_S


@pytest.mark.parametrize(
    ("lag_s", "kept_s", "level"),
    [
        (13 * 3600.0, 24 * 3600, "it may lose its place"),
        (25 * 3600.0, 24 * 3600, "its place may be gone"),
        (12 * 3600.0, 24 * 3600, ""),
        (13 * 3600.0, 0, ""),
        (None, 24 * 3600, ""),
    ],
)
def test_a_relay_that_uses_up_the_retention_of_its_source(
    lag_s: float | None, kept_s: int, level: str
) -> None:
    for state in ("running", "silent", "failed"):
        relay = msgspec.structs.replace(RUNNING, lag_s=lag_s, kept_s=kept_s, state=state)
        found = [one for one in findings_of([relay], []) if one.thing == "binlog shopEvents"]
        assert [one.level for one in found] == (["fail"] if level else [])
        assert all(level in one.what for one in found)


def test_a_table_that_stopped_is_named_with_its_way_out_and_is_not_due_before() -> None:
    stopped = {"shop.a": ("has no primary key", "Add one.")}
    relay = msgspec.structs.replace(RUNNING, stopped=stopped)
    consumer = msgspec.structs.replace(IDLE, due={"shop.a": "not captured for a while"})
    found = findings_of([relay], [consumer])
    (one,) = [finding for finding in found if finding.level == "fail"]
    assert (one.thing, one.table) == ("table shop.a", "shop.a")
    assert one.what == "is not captured: it has no primary key"
    assert one.fix.startswith("Add one. ")
    assert not [finding for finding in found if finding.thing.startswith("rows")]
