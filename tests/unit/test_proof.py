"""A proof expires with what it was made of: index, stanza, subscription."""

from random import Random
from typing import Any

import msgspec
import pytest

from cli.commands.status import _show
from cli.ui.console import result_console
from shared.domain.subscription_filter import filter_policy, filter_text
from shared.flows.consume.sinks.elasticsearch.examiner import ElasticsearchExaminer
from shared.flows.health.status import Status, status
from shared.flows.verify.verify import Verify
from shared.flows.verify.verify_report import VerifyReport
from shared.values.pulse import Memory, Pulse, Subscribed
from shared.values.settings import ConsumerSettings, FilterSettings, SourceSettings, StageSettings
from shared.values.verify_schedule import VerifySchedule
from tests.worlds.backfill_world import SOURCE, BackfillWorld
from tests.worlds.consumer_world import ALIAS, consumer_settings, elasticsearch_settings
from tests.worlds.memory_parts import MemoryParts

NOW_MS = 1_700_000_000_000


class Proved:
    """A consumer that was filled and verified, as its stage sees it later."""

    def __init__(self) -> None:
        self.world = BackfillWorld(Random(1), keys=9)
        self.world.pace = {self.world.commit: 1}
        self.world.backfill()
        self.consumer, self.source = self.world.world.settings, SOURCE
        self.cluster, self.pulse = self.world.world.search, Pulse()

    def verify(self, **options: Any) -> VerifyReport:
        return Verify(self.world.setup(examiner=self.examiner, **options), chunk_rows=4).run()

    @property
    def examiner(self) -> ElasticsearchExaminer:
        return ElasticsearchExaminer(
            self.consumer, elasticsearch_settings(self.consumer), self.cluster
        )

    def status(self) -> Status:
        stanzas = StageSettings("rowline", "dev", {"shop": self.source}, {"search": self.consumer})
        parts = MemoryParts(stanzas, self.world.state)
        parts.watched(msgspec.structs.replace(self.pulse, at_ms=NOW_MS))
        parts.examiners["search"] = self.examiner
        return status(parts)

    def expired(self) -> str:
        """What status says of the proof, in facts and findings alike."""
        found = self.status()
        (facts,) = found.consumers
        expected = [f"expired: {facts.expired}"] if facts.expired else []
        said = [one for one in found.wrong if one.thing == "verify search"]
        said = [one for one in said if "days ago" not in one.what]
        assert [one.what for one in said] == expected
        assert all(one.fix == "Run `rowline verify search`." for one in said)
        return facts.expired

    def subscribed(self, since_ms: int, text: str = "") -> None:
        """The watch has run, and seen the subscription."""
        seen = Subscribed(text or filter_text(filter_policy(self.consumer)), since_ms)
        self.pulse = Pulse(at_ms=NOW_MS, memory=Memory(subscribed={"search": seen}))
        self.world.state.pulses.begin("watch", 1, 1)
        self.world.state.pulses.end("watch", self.pulse)


@pytest.fixture
def proved() -> Proved:
    made = Proved()
    assert made.verify().differences == 0
    assert made.expired() == ""
    return made


def test_another_index_of_any_age_takes_the_proof_with_it(proved: Proved) -> None:
    proved.cluster.ids[ALIAS] = "restored from a snapshot"
    assert proved.expired() == "index replaced"
    proved.verify()
    assert proved.expired() == ""
    proved.cluster.indexes.clear()
    assert proved.expired() == "index deleted"


@pytest.mark.parametrize(
    "change",
    [
        {"tables": ("shop.*",)},
        {"filter": FilterSettings({"price": (1,)})},
        {"mapping": "own.listing"},
        {"upcasters": {"shop.items": {"1": "own.lift"}}},
        {"operations": ("c", "u")},
        {"sink": {"kind": "elasticsearch", "secret": "s", "fields": ["price"]}},
    ],
)
def test_a_stanza_that_makes_other_documents_takes_the_proof_with_it(
    proved: Proved, change: dict[str, Any]
) -> None:
    before = proved.consumer
    proved.consumer = msgspec.structs.replace(before, **change)
    assert proved.expired() == "consumer changed"
    proved.consumer = before
    assert proved.expired() == ""


def test_a_mask_or_a_key_of_the_source_takes_the_proof_with_it(proved: Proved) -> None:
    table = SOURCE.tables["shop.items"]
    for changed in ({"mask": {"title": "null"}}, {"drop": ("title",)}, {"key": ("price",)}):
        tables = {"shop.items": msgspec.structs.replace(table, **changed)}
        proved.source = msgspec.structs.replace(SOURCE, tables=tables)
        assert proved.expired() == "consumer changed"


def test_what_changes_no_document_leaves_the_proof_alone(proved: Proved) -> None:
    proved.consumer = msgspec.structs.replace(
        proved.consumer,
        marks=False,
        park_budget=7,
        max_attempts=3,
        timeout=90,
        ordering="every-change",
        verify=VerifySchedule("cron(0 2 * * ? *)"),
    )
    table = SOURCE.tables["shop.items"]
    others = {"shop.other": msgspec.structs.replace(table, drop=("secret",))}
    tables = {"shop.items": msgspec.structs.replace(table, shards=7), **others}
    proved.source = msgspec.structs.replace(SOURCE, tables=tables)
    assert proved.expired() == ""


def test_a_subscription_that_changed_since_takes_the_proof_with_it(proved: Proved) -> None:
    proved.subscribed(100)
    proved.verify()
    assert proved.expired() == ""
    proved.subscribed(200)  # it was another one in between
    assert proved.expired() == "subscription changed"
    proved.verify()
    assert proved.expired() == ""
    proved.subscribed(300, "another filter")
    assert proved.expired() == "subscription changed"


def test_a_watch_that_sees_a_new_subscription_after_the_verify_expires_nothing(
    proved: Proved,
) -> None:
    proved.subscribed(NOW_MS + 60_000)
    assert proved.expired() == ""
    proved.subscribed(NOW_MS + 90_000, "another filter")
    assert proved.expired() == "subscription changed"


def test_an_index_that_was_replaced_during_the_verify_proves_nothing() -> None:
    proved, looked = Proved(), []

    def show(_: Any) -> None:
        looked.append(1)
        proved.cluster.ids[ALIAS] = "another"

    proved.verify(show=show)
    assert looked
    assert proved.expired() == "index replaced"


def test_an_index_that_a_repair_made_is_part_of_the_proof() -> None:
    proved = Proved()
    proved.cluster.indexes.clear()
    setup = proved.world.setup(examiner=proved.examiner)
    report = Verify(setup, repair=True, chunk_rows=4).run()
    assert 0 < report.rows == report.repaired
    assert proved.expired() == ""
    proved.cluster.ids[ALIAS] = "another"
    assert proved.expired() == "index replaced"


def test_a_table_that_only_a_pattern_names_is_looked_up_too(proved: Proved) -> None:
    proved.source = SourceSettings("shop", "secret", {"shop.*": SOURCE.tables["shop.items"]})
    proved.verify(source=proved.source)
    proved.cluster.ids[ALIAS] = "another"
    assert proved.expired() == "index replaced"


def test_a_sink_that_is_down_expires_nothing(proved: Proved) -> None:
    proved.cluster.down = True
    assert proved.expired() == ""


def test_a_report_of_a_former_version_is_read_as_before(proved: Proved) -> None:
    report = proved.world.state.reports.read("search")
    assert report
    del report["basis"]
    proved.world.state.reports.save("search", report)
    proved.cluster.ids[ALIAS] = "another"
    proved.consumer = consumer_settings(filter=FilterSettings({"price": (1,)}))
    proved.subscribed(1, "another filter")
    assert proved.expired() == ""


def test_the_fingerprint_is_the_same_after_a_round_through_the_stack(proved: Proved) -> None:
    text = msgspec.json.encode(proved.consumer)
    proved.consumer = msgspec.json.decode(text, type=ConsumerSettings)
    assert proved.expired() == ""


@pytest.mark.usefixtures("far_zone")
def test_the_table_says_in_utc_when_it_was_made(
    proved: Proved, capsys: pytest.CaptureFixture[str]
) -> None:
    (consumer,) = proved.status().consumers
    made = msgspec.structs.replace(
        consumer, expired="", verified={"finished_ms": 1_795_744_800_000, "differences": 0}
    )
    _show(msgspec.structs.replace(proved.status(), consumers=[made]), result_console())
    printed = " ".join(capsys.readouterr().out.split())
    assert "2026-11-27T02:00:00Z 0 differences" in printed


def test_the_table_says_why_it_expired(proved: Proved, capsys: pytest.CaptureFixture[str]) -> None:
    proved.cluster.ids[ALIAS] = "another"
    _show(proved.status(), result_console())
    printed = " ".join(capsys.readouterr().out.split())
    assert "expired: index replaced" in printed
    assert "rowline verify search" in printed
