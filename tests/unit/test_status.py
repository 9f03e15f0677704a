"""Status sees each trouble of a running stage; a healthy one has none."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.adapters.observation.contract import ConsumerSigns, KeptQueue
from shared.adapters.topic.contract import Entry
from shared.domain.subscription_filter import filter_policy
from shared.flows.consume.sinks.elasticsearch.examiner import ElasticsearchExaminer
from shared.flows.health import thresholds
from shared.flows.health.status import Status, status
from shared.values.errors import StackError
from shared.values.settings import SourceSettings, StageSettings, TableSettings
from tests.worlds.consumer_world import ALIAS, consumer_settings, elasticsearch_settings
from tests.worlds.memory_parts import MemoryParts
from tests.worlds.twins.search import MemorySearch

ROOT = Path(__file__).resolve().parents[2]
NOW_MS = int(time.time() * 1000)
CONSUMER = consumer_settings()
FILTER = filter_policy(CONSUMER)


class StatusWorld:
    """A stage of one source and one consumer, with a cluster in memory."""

    def __init__(self) -> None:
        shop = SourceSettings("shop", "secret", {"shop.items": TableSettings()})
        self.parts = MemoryParts(
            StageSettings("rowline", "dev", {"shop": shop}, {"search": CONSUMER})
        )
        self.cluster = MemorySearch()
        self.cluster.ensure_index(ALIAS, {})
        self.cluster.created_ms = NOW_MS - 3_600_000
        self.parts.examiners["search"] = ElasticsearchExaminer(
            CONSUMER, elasticsearch_settings(CONSUMER), self.cluster
        )

    def signs(self, **signs: Any) -> None:
        self.parts.observation.of["search"] = ConsumerSigns(**{"filter": FILTER, **signs})

    def verified(self, minutes_ago: float, **more: Any) -> None:
        report = {"finished_ms": NOW_MS - int(minutes_ago * 60_000), "differences": 0, **more}
        self.parts.state.reports.save("search", report)

    def wrong(self) -> dict[str, str]:
        """What is wrong besides the relay, which never ran."""
        found: Status = status(self.parts)
        return {one.thing: one.what for one in found.wrong if one.thing != "relay shop"}


def test_a_healthy_consumer_has_no_finding() -> None:
    world = StatusWorld()
    assert world.wrong() == {}
    world.verified(5)
    world.signs(runs=100, errors=0, oldest_s=3.0, lag_s=0.4)
    assert world.wrong() == {}
    world.signs(superseded=400, applied=1)
    assert world.wrong() == {}


@pytest.mark.parametrize(
    ("signs", "thing", "what"),
    [
        ({"runs": 7, "errors": 7}, "function search", "7 of 7 runs"),
        ({"runs": 70, "errors": 1}, "function search", "1 of 70 runs"),
        ({"oldest_s": thresholds.CONSUMER_LATE_S + 1.0}, "consumer search", "0.3 h"),
        ({"oldest_s": 8 * 86_400.0}, "consumer search", "8.0 days; SQS deletes it after 14"),
        ({"superseded": 40}, "consumer search", "all 40 changes"),
        ({"filter": None}, "subscription search", "is missing"),
        ({"filter": {**FILTER, "table": ["shop.x"]}}, "subscription search", "another filter"),
    ],
)
def test_what_aws_says_of_a_consumer(signs: dict[str, Any], thing: str, what: str) -> None:
    world = StatusWorld()
    world.signs(**signs)
    world.parts.queue("search").send([Entry("{}", "g", "1", {})])
    found = world.wrong()
    assert list(found) == [thing]
    assert what in found[thing]


def test_the_age_of_a_message_that_is_gone_since_is_none() -> None:
    world = StatusWorld()
    world.signs(oldest_s=thresholds.CONSUMER_LATE_S + 1.0)
    assert world.wrong() == {}


def test_elasticsearch_that_is_down_is_a_finding() -> None:
    world = StatusWorld()
    world.cluster.down = True
    assert "does not answer" in world.wrong()["sink search"]


def test_a_plain_index_under_the_alias_name_is_a_finding() -> None:
    world = StatusWorld()
    world.cluster.plain = {ALIAS}
    assert "is an index of its own" in world.wrong()["sink search"]


def test_an_index_that_was_deleted_or_made_again_takes_the_proof_with_it() -> None:
    world = StatusWorld()
    world.verified(5)
    assert world.wrong() == {}
    world.cluster.created_ms = NOW_MS
    assert "younger than the last verify" in world.wrong()["sink search"]
    world.cluster.indexes.clear()
    assert "is gone since the last verify" in world.wrong()["sink search"]


def test_a_table_that_was_empty_at_the_verify_has_an_index_since() -> None:
    world = StatusWorld()
    world.verified(5, tables={"shop.items": 0})
    world.cluster.indexes.clear()
    assert world.wrong() == {}
    world.cluster.ensure_index(ALIAS, {})
    world.cluster.created_ms = NOW_MS
    assert "found no row of it" in world.wrong()["sink search"]
    world.verified(5, tables={"shop.items": 3})
    assert "younger than the last verify" in world.wrong()["sink search"]


def test_a_table_that_the_last_verify_left_out_is_named_and_not_called_gone() -> None:
    world = StatusWorld()
    world.verified(5, tables={"shop.others": 3})
    for exists in (True, False):
        if not exists:
            world.cluster.indexes.clear()
        assert world.wrong() == {"verify search": "has not compared shop.items"}


def test_an_index_that_does_not_exist_yet_is_right() -> None:
    world = StatusWorld()
    world.cluster.indexes.clear()
    assert world.wrong() == {}


def test_rows_that_share_an_id_are_not_to_be_repaired() -> None:
    for shared, said in ((2, "choose `id` columns"), (1, "verify search --repair")):
        world = StatusWorld()
        world.cluster.created_ms = 1
        world.verified(5, differences=2, shared=shared)
        (found,) = [one for one in status(world.parts).wrong if one.thing == "verify search"]
        assert said in found.fix


def test_a_proof_that_is_old_is_overdue() -> None:
    world = StatusWorld()
    world.cluster.created_ms = 1
    world.verified(thresholds.VERIFY_OLD_S / 60 + 1)
    assert "31 days ago" in world.wrong()["verify search"]


def test_messages_of_a_removed_consumer_are_named() -> None:
    world = StatusWorld()
    world.parts.observation.queues = [KeptQueue("old", "rowline-dev-DlqOld-1.fifo", 3)]
    assert world.wrong() == {
        "kept queue rowline-dev-DlqOld-1.fifo": "holds 3 messages of an earlier consumer old"
    }


def test_metrics_that_may_not_be_read_hide_nothing_else() -> None:
    world = StatusWorld()
    world.parts.observation.error = StackError("refuses (AccessDenied).", thing="CloudWatch")
    world.cluster.down = True
    assert list(world.wrong()) == ["metrics", "kept queues", "sink search"]


SCRIPT = """
const { filterOf } = require('./plugins/rowline/expand/consumer');
console.log(JSON.stringify(filterOf(JSON.parse(process.argv[1]))));
"""


def test_the_expected_filter_is_the_one_that_is_deployed() -> None:
    consumer = consumer_settings(tables=("shop.items", "stock.*"))
    given = json.dumps({"source": consumer.source, "tables": consumer.tables})
    done = subprocess.run(
        ["node", "-e", SCRIPT, given],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert msgspec.json.decode(done.stdout) == filter_policy(consumer)
