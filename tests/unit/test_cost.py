"""The pages show what bench computes from its prices, and the sums are right."""

import random
import re
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from bench import cost
from bench.cost_pages import PAGES, shown
from shared.adapters.state.dynamodb.marks import SHARDS, DynamoMarks
from shared.values.mark import Mark
from shared.values.message_group import DEFAULT_SHARDS
from tests.aws_setup import create_state_table, pretend_login
from tests.worlds.drain_world import DrainWorld

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("page", sorted(PAGES))
def test_a_page_shows_the_table_of_the_script(page: str) -> None:
    (found,) = shown(page).findall((ROOT / page).read_text())
    assert found.splitlines() == PAGES[page](), "run: python -m bench.cost_pages"


def test_the_sum_of_a_column_is_its_total() -> None:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in cost.table()[2:]]
    amounts = {name: [float(cell.replace(",", "")) for cell in cells] for name, *cells in rows}
    function, container = (
        amounts.pop("**all, relay as a function**"),
        amounts.pop("**all, relay as a container**"),
    )
    relays = [amounts.pop(name) for name in list(amounts)[:2]]
    for at in range(len(cost.LOADS)):
        rest = sum(column[at] for column in amounts.values())
        assert function[at] == pytest.approx(relays[0][at] + rest, abs=0.05)
        assert container[at] == pytest.approx(relays[1][at] + rest, abs=0.05)


def test_the_prices_have_a_date_and_each_its_place_in_the_price_list() -> None:
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", cost.PRICES["date"])
    for name, (usd, place) in cost.PRICES["usd"].items():
        assert usd > 0, name
        assert re.match(r"(A|aws)", place), name


def test_what_idles_costs_no_more_than_what_works() -> None:
    for name, idle in cost.parts(0.0).items():
        assert idle <= cost.parts(10.0)[name] <= cost.parts(200.0)[name], name
    assert cost.topic(0.0) == cost.consumer_function(0.0) == cost.marks(0.0) == 0


def test_the_alarms_are_those_of_the_runbooks() -> None:
    """The page lists all that a template may have: those of an archive and of a schedule too."""
    page = (ROOT / "docs/runbooks/README.md").read_text()
    alarms = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    mine = [one for one in alarms if not one.endswith("OfArchive") and "Unproved" not in one]
    assert len(mine) == cost.ALARMS, mine


def test_more_tables_make_the_relays_state_dearer(monkeypatch: pytest.MonkeyPatch) -> None:
    few = cost.relay_state()
    monkeypatch.setattr(cost, "TABLES", 200)
    assert cost.relay_state() >= few


@pytest.mark.parametrize("rate", [rate for rate in cost.LOADS.values() if rate])
def test_a_drain_is_counted_as_it_works(rate: float) -> None:
    world = DrainWorld()
    groups = cost.TABLES * DEFAULT_SHARDS
    world.send(int(rate * 60), groups=groups, dice=random.Random(1))
    assert len(world.drain()) == len(world.landing.objects)
    assert abs(len(world.landing.objects) - cost.DRAIN_ROUNDS[rate]) <= 2


def test_a_batch_is_counted_as_the_program_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The item of its marks fits into one write, with numbers as long as they can get."""
    with mock_aws():
        pretend_login(monkeypatch)
        dynamodb = boto3.client("dynamodb")
        create_state_table("state", dynamodb)
        marks = DynamoMarks(dynamodb, "state")
        moves = {f"{'t' * 24}-{n}": (Mark(), Mark(1 << 62, 10**7)) for n in range(SHARDS)}
        assert not marks.advance("listingSearch", moves)
        (item,) = dynamodb.scan(TableName="state")["Items"]
        size = sum(len(name) + _size(value) for name, value in item.items())
    assert size <= cost.MARK_BYTES <= 1024
    assert cost.write_units(cost.MARK_BYTES) == 1
    assert len(cost.batch_figures()) == 3
    assert 600 < cost.batch_log_bytes() < 900


def _size(value: dict[str, str]) -> int:
    """Source: DynamoDB developer guide, "DynamoDB item sizes and formats"."""
    ((kind, text),) = value.items()
    return len(text.encode()) if kind == "S" else -(-len(text.lstrip("-")) // 2) + 1


def test_each_object_of_firehose_costs_the_requests_of_a_multi_part_upload(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its runs at 200 changes/s take longer than three buffers of 15 s, at 10 less than one."""
    before = {rate: cost.firehose(rate) for rate in (0.0, 10.0, 200.0)}
    monkeypatch.setattr(cost, "FIREHOSE_PUTS", cost.FIREHOSE_PUTS + 1)
    month = cost.SECONDS / 60 * cost.price("s3_put")
    more = [round((cost.firehose(rate) - before[rate]) / month) for rate in before]
    assert more == [0, 1, 4]
