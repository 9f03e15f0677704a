"""Upcasters lift old rows; a mapping makes documents. Both sides of a verify use them."""

from random import Random
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from shared.domain.sink import Arrival
from shared.flows.consume.sinks.http.request import body_of
from shared.flows.health.own_code_check import check_own_code
from shared.flows.verify.verify import Verify
from shared.values.settings import ConsumerSettings, FilterSettings
from shared.values.table import Column, Table
from tests.tier import TIER
from tests.worlds.backfill_world import BackfillWorld
from tests.worlds.consumer_world import (
    ALIAS,
    STREAM,
    TABLE,
    ConsumerWorld,
    change,
    consumer_settings,
    delivery,
    message,
)

OWN = "tests/worlds/own_rows"


def lifting(steps: dict[str, str], **more: Any) -> ConsumerSettings:
    named = {version: f"{OWN}.{name}" for version, name in steps.items()}
    return consumer_settings(upcasters={"shop.items": named}, **more)


def mapping(**more: Any) -> ConsumerSettings:
    return consumer_settings(mapping=f"{OWN}.listing", **more)


def with_currency(world: ConsumerWorld) -> None:
    columns = (*TABLE.columns, Column("currency", "char"))
    world.state.schemas.version_of(STREAM, Table("shop", "items", columns, ("id",)))


def test_old_rows_are_lifted_step_by_step_and_new_ones_left_alone() -> None:
    world = ConsumerWorld(lifting({"1": "add_currency", "2": "cents"}))
    with_currency(world)
    old = change(1, "c", 1, price=2, title="a")
    middle = change(2, "c", 2, price=2, title="b", currency="USD")
    new = change(3, "c", 3, price=200, title="c", currency="chf")
    world.handle(
        delivery([old], "a"),
        delivery([middle], "b", schema_version=2),
        delivery([new], "c", schema_version=3),
    )
    world.state.schemas.version_of(
        STREAM, Table("shop", "items", (*TABLE.columns, Column("money", "int")), ("id",))
    )
    done = world.handle(delivery([new], "c", schema_version=3, attempt=2))
    assert done.failed == []
    prices = {id: (each["price"], each["currency"]) for id, each in world.documents().items()}
    assert prices == {"1": (200, "eur"), "2": (200, "usd"), "3": (200, "chf")}


def test_the_index_gets_the_fields_of_the_version_that_is_reached() -> None:
    world = ConsumerWorld(lifting({"1": "add_currency"}))
    with_currency(world)
    world.handle(delivery([change(1, "c", 1, price=2, title="a")]))
    fields = world.search.definitions[ALIAS]["mappings"]["properties"]
    assert "currency" in fields


def test_a_filter_sees_the_lifted_row() -> None:
    world = ConsumerWorld(
        lifting({"1": "add_currency"}, filter=FilterSettings({"currency": ("EUR",)}))
    )
    done = world.handle(delivery([change(1, "c", 1, price=2, title="a")]))
    assert (done.applied, sorted(world.documents())) == (1, ["1"])


def refusals(world: ConsumerWorld) -> list[tuple[str, str]]:
    """The message of each parked change, and where it was raised."""
    return [(each.message, each.stack) for each in world.parked()]


def test_an_upcaster_that_fails_is_a_refusal_of_that_change_alone() -> None:
    world = ConsumerWorld(lifting({"1": "needs_currency"}))
    well = change(2, "c", 2, price=2, title="a", currency="EUR")
    done = world.handle(delivery([change(1, "c", 1, price=2, title="a"), well]))
    assert (done.parked, done.applied, done.failed) == (1, 1, [])
    assert done.reasons == {"UpcasterError": 1}
    ((reason, stack),) = refusals(world)
    assert reason == "UpcasterError: KeyError 'currency'"
    assert "in needs_currency" in stack


def test_an_upcaster_that_returns_nothing_is_named() -> None:
    world = ConsumerWorld(lifting({"1": "in_place"}))
    world.handle(delivery([change(1, "c", 1, price=2, title="a")]))
    ((reason, _),) = refusals(world)
    assert reason == f"UpcasterError: TypeError {OWN}.in_place returned NoneType, not a map"


@pytest.mark.parametrize("name", ["nothing", "listing"])
def test_code_that_cannot_be_imported_parks_nothing(name: str) -> None:
    consumer = consumer_settings(
        mapping=f"tests/worlds/own_{'rows' if name != 'nothing' else 'x'}.x"
    )
    world = ConsumerWorld(consumer)
    done = world.handle(delivery([change(1, "c", 1, price=2, title="a")]))
    assert (len(done.failed), done.parked) == (1, 0)
    (found,) = check_own_code(consumer)
    assert (found.level, found.stanza) == ("fail", "consumers.search.mapping")


@pytest.mark.parametrize("odd", ["object", "knot", "refuse"])
def test_a_document_that_is_none_is_a_refusal_of_that_change_alone(odd: str) -> None:
    world = ConsumerWorld(consumer_settings(mapping=f"{OWN}.digging"))
    poison, well = ["x", odd], ["x", "well \ud800"]
    changes = [change(n, "c", n, title=title) for n, title in enumerate((poison, well), 1)]
    done = world.handle(delivery(changes))
    assert (done.parked, done.applied, done.failed) == (1, 1, [])
    (parked,) = world.parked()
    assert parked.error == "MappingError"
    after = world.payload(parked).changes[0].after
    assert after, "it is parked as it came, whatever the mapping did to it"
    assert after["title"] == ["x", odd]
    assert world.documents()["2"]["title"] == ["well \ud800"]


def test_a_mapping_makes_the_document_and_may_make_none() -> None:
    world = ConsumerWorld(mapping())
    done = world.handle(
        delivery(
            [
                change(1, "c", 1, price=2, title="a"),
                change(2, "c", 2, price=2, title="b"),
                change(3, "u", 2, price=2, title="t1"),
                change(4, "c", 3, price=2, title="poison"),
                change(5, "d", 9, price=2, title="poison"),
            ]
        )
    )
    assert (done.applied, done.parked) == (4, 1)
    assert world.documents() == {"1": {"_of": "shop.items", "name": "A", "price": {"amount": 2}}}
    assert world.search.definitions[ALIAS]["mappings"] == {"dynamic": True}
    ((reason, _),) = refusals(world)
    assert reason == "MappingError: ValueError poison 4711"


def test_a_webhook_gets_documents_and_no_rows() -> None:
    made = Arrival(message([], "g"), "live", change(1, "u", 1, secret=1), 1, fields={"name": "A"})
    gone = Arrival(message([], "g"), "live", change(2, "d", 1, secret=1), 1)
    body = body_of("partner", [made, gone], mapped=True)
    assert b"secret" not in body
    documents = [each["document"] for each in msgspec.json.decode(body)["changes"]]
    assert documents == [{"name": "A"}, None]


@given(seed=st.integers(0, 2**32))
@settings(max_examples=TIER.verify_runs, deadline=None, suppress_health_check=list(HealthCheck))
def test_backfill_and_verify_use_the_mapping(seed: int) -> None:
    world = BackfillWorld(Random(seed), consumer=mapping())
    for _ in range(world.random.randrange(30)):
        world.step()
    world.backfill()
    world.drain()
    names = {id: row["title"].upper() for id, row in world.source().items() if row["title"] != "t1"}
    assert {id: body["name"] for id, body in world.index().items()} == names
    world.pace = {world.commit: 1}
    report = Verify(world.setup(), chunk_rows=3).run()
    assert (report.differences, report.rows) == (0, len(world.source()))
