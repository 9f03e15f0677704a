"""A replay's plan: what it would send and cost, and clear reasons where it cannot be."""

import json
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from cli.commands import replay
from shared.domain import replay_cost
from shared.flows.replay.archive_reader import ArchiveReader
from shared.flows.replay.replay_plan import PlanSetup, ReplayPlan, ReplayRequest, plan
from shared.flows.replay.replay_window import moment_us
from shared.values.errors import ConfigError, RowlineError, StackError
from shared.values.settings import SourceSettings, TableSettings
from tests.unit.test_archive_query import ROOT
from tests.worlds.consumer_world import TABLE, consumer_settings
from tests.worlds.replay_archive import BEGAN_MS, SHARDS, SOURCE, ReplayArchive, row_of

SETTINGS = SourceSettings("shop", "s", {"shop.items": TableSettings(shards=SHARDS)})


@pytest.fixture
def archive() -> ReplayArchive:
    made = ReplayArchive()
    made.state.schemas.version_of(SOURCE, TABLE)
    made.capture("shop.items", "shop.secret")
    made.append(
        [row_of(n, "u" if n > 5 else "c", n % 5, BEGAN_MS + n * 1_000) for n in range(1, 21)]
    )
    made.now_ms = BEGAN_MS + 60_000
    made.reach(20, BEGAN_MS + 50_000)
    return made


def planned(archive: ReplayArchive, asked: ReplayRequest, **more: Any) -> ReplayPlan:
    setup = PlanSetup(
        more.pop("consumer", consumer_settings()),
        SETTINGS,
        [SOURCE],
        archive.state,
        ArchiveReader(archive.ask),
        more.pop("retention_days", 0),
        archive.now_ms,
    )
    return plan(setup, asked)


def at_us(second: int) -> int:
    return (BEGAN_MS + second * 1_000) * 1_000


def test_it_counts_the_newest_change_of_each_row_in_the_window(archive: ReplayArchive) -> None:
    found = planned(archive, ReplayRequest(at_us(0)))
    assert (found.changes, found.tables["shop.items"].later) == (5, 0)
    assert found.choice.to_us == at_us(50), "as far as the archive reaches"
    assert found.usd > 0
    assert 1 <= found.messages <= 5
    early = planned(archive, ReplayRequest(at_us(0), at_us(18)))
    assert (early.changes, early.tables["shop.items"].later) == (2, 3)


def test_a_consumer_of_every_change_gets_all(archive: ReplayArchive) -> None:
    consumer = msgspec.structs.replace(
        consumer_settings(), ordering="every-change", sink={"kind": "handler"}
    )
    found = planned(archive, ReplayRequest(at_us(2), at_us(12), rate=2.0), consumer=consumer)
    assert (found.changes, found.seconds, found.choice.newest) == (10, 5.0, False)
    one = planned(archive, ReplayRequest(at_us(0), key="3"), consumer=consumer)
    assert one.changes == 4


@pytest.mark.parametrize(
    ("asked", "more", "reason"),
    [
        (ReplayRequest(at_us(5), at_us(4)), {}, r"--to.*is not after --from"),
        (
            ReplayRequest(at_us(0), at_us(51)),
            {},
            r"--to.*later than the archive reaches.*:14:10\.000Z",
        ),
        (ReplayRequest(at_us(55)), {}, r"--from.*later than the archive reaches"),
        (ReplayRequest(at_us(-9), at_us(-5)), {}, r"before the archive's oldest change"),
        (ReplayRequest(at_us(-90_000)), {"retention_days": 1}, r"--from.*keeps changes for 1 days"),
        (
            ReplayRequest(at_us(0), tables=("shop.nix",)),
            {},
            r"'shop.nix'.*no archived table.*shop.items",
        ),
        (ReplayRequest(at_us(0), tables=("shop.secret",)), {}, r"'shop.secret'.*no archived table"),
        (ReplayRequest(at_us(0), where="op=x"), {}, r"--where.*no operation: they are c, u, d, r"),
        (ReplayRequest(at_us(0), where="price>=5"), {}, r"compares with < or >"),
        (ReplayRequest(at_us(0), where="title~"), {}, r"would mean every value"),
        (ReplayRequest(at_us(0), where="title=~a"), {}, r"has two signs"),
        (
            ReplayRequest(at_us(0), where="op=u before.titel~a"),
            {},
            r"names before\.titel, which is no column of shop\.items\. Did you mean title\?",
        ),
        (ReplayRequest(at_us(0), key="a"), {}, r"no value of column id"),
    ],
)
def test_it_says_why_it_cannot_be(
    archive: ReplayArchive, asked: ReplayRequest, more: Any, reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        planned(archive, asked, **more)


def test_a_gap_in_the_ledger_is_named(archive: ReplayArchive) -> None:
    archive.append([row_of(23, "u", 1, BEGAN_MS + 23_000)])
    archive.reach(23, BEGAN_MS + 50_000)
    with pytest.raises(StackError, match=r"lacks shop epoch \d+ n 21.22.*audit --heal"):
        planned(archive, ReplayRequest(at_us(0), at_us(22)))
    assert planned(archive, ReplayRequest(at_us(0), at_us(20))).changes > 0, "complete until there"


def test_what_was_given_out_and_is_not_archived_yet_ends_the_window(
    archive: ReplayArchive,
) -> None:
    archive.reach(25, BEGAN_MS + 55_000)
    with pytest.raises(ConfigError, match="later than the archive reaches"):
        planned(archive, ReplayRequest(at_us(0), at_us(30)))
    assert planned(archive, ReplayRequest(at_us(0))).choice.to_us == at_us(20)


def test_an_archive_s_own_consumer_is_refused(archive: ReplayArchive) -> None:
    consumer = msgspec.structs.replace(consumer_settings(), sink={"kind": "archive"})
    with pytest.raises(ConfigError, match="is the archive itself"):
        planned(archive, ReplayRequest(at_us(0)), consumer=consumer)


def test_an_empty_archive_says_so() -> None:
    archive = ReplayArchive()
    archive.capture("shop.items")
    with pytest.raises(StackError, match="holds no change yet"):
        planned(archive, ReplayRequest(at_us(0)))


def test_times_are_ages_or_have_a_zone() -> None:
    assert moment_us("2h", 10_000_000) == (10_000_000 - 7_200_000) * 1_000
    assert moment_us("1970-01-01T01:00:00+01:00", 0) == 0
    for wrong in ("yesterday", "2026-11-27T05:00:00", "99999999999999d", "", "9" * 5_000 + "s"):
        with pytest.raises(RowlineError):
            moment_us(wrong, 0)


def test_the_prices_are_those_of_the_price_list() -> None:
    prices = json.loads((ROOT / "bench/prices.json").read_text())["usd"]
    assert prices["sqs_fifo_request"][0] == replay_cost.SQS_REQUEST_USD
    assert prices["lambda_gb_second"][0] == replay_cost.LAMBDA_GB_SECOND_USD
    assert replay_cost.replay_cost(0, 0, 0, 0, 0) == (0, 0.0)
    one, many = (replay_cost.replay_cost(n, 1, 10**9, 10**7, 64) for n in (1, 10**6))
    assert (one.messages, many.messages) == (1, 64_000)
    assert one.usd < many.usd


def test_the_command_shows_the_plan(
    archive: ReplayArchive, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    setup = PlanSetup(
        consumer_settings(),
        SETTINGS,
        [SOURCE],
        archive.state,
        ArchiveReader(archive.ask),
        0,
        archive.now_ms,
    )
    monkeypatch.setattr(replay, "open_stage", lambda *_: SimpleNamespace())
    monkeypatch.setattr(replay, "plan_setup", lambda *_: setup)
    replay.command("search", "2026-09-21T14:13:20Z", rate=100.0)
    told = capsys.readouterr().out
    assert told.splitlines()[0].startswith("search: 5 changes committed from 2026-09-21T14:13:20")
    assert "shop.items: 5 changes" in told
    assert "100 changes/s" in told
    assert "$0.0" in told
