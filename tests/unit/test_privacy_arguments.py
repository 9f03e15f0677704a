"""Tables, keys and relations as people write them, also such as nobody should."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from cli.commands import privacy
from shared.domain.key_argument import key_texts
from shared.flows.history.past_table import find_table
from shared.flows.privacy.privacy_requests import WORK
from shared.flows.privacy.relation_argument import read_relation
from shared.values.erasure import Erasure, Relation, Subject
from shared.values.errors import ConfigError
from shared.values.job import BackfillWork, Job
from shared.values.json_text import encode_json
from shared.values.table import Column, Table
from tests.worlds.privacy_world import PrivacyWorld, built, subject
from tests.worlds.twins.state import MemorySchemas

ODD = [
    "'; DROP TABLE changes --",
    "x' OR '1'='1",
    "7' or key <> '",
    '"',
    '"}',
    "\\",
    "\\'",
    "\0",
    "\n\r\u2028",
    "\ud800",
    "😀" * 100,
    "%_*?",
    "{}",
    "${jndi:x}",
    "$(id)",
    "`id`",
    "../..",
    "",
    " ",
    "NaN",
    "null",
]


def tables(**columns: str) -> Any:
    """What `find_table` works with: `market.people`, and `market.orders` of it."""
    schemas = MemorySchemas()
    made = tuple(Column(name, kind, length=16) for name, kind in columns.items())
    schemas.version_of("shop", Table("market", "people", made, tuple(columns)[:1]))
    orders = (Column("id", "bigint"), Column("tenant", "char"), Column("person", "char"))
    schemas.version_of("shop", Table("market", "orders", orders, ("id",)))
    coverage = SimpleNamespace(segments=lambda _: [SimpleNamespace(tables=names, start=None)])
    names = ("market.people", "market.orders")
    state = SimpleNamespace(schemas=schemas, coverage=coverage)
    return SimpleNamespace(state=state, streams={"shop": "shop"}, streams_of=lambda _: [])


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_key_means_exactly_that_row(odd: str) -> None:
    world = PrivacyWorld()
    for key in (odd, "other"):
        world.change("people", "c", {"id": key}, name=key)
        world.change("people", "d", {"id": key}, name=key)
    world.commit()
    asked = Subject("shop", "market", "people", (encode_json({"id": odd}).decode(),))
    found = WORK["privacy-find"](world.setup(), {"subject": built(asked), "related": []})
    assert found["counts"] == {"changes": 2, "snapshots": 0, "parked": 0}
    lines = WORK["privacy-export"](world.setup(), {"subjects": found["subjects"]})["lines"]
    assert len(lines) == 2
    done = WORK["privacy-erase"](
        world.setup(), {"erasure": built(Erasure("e1", "ann", 1, (asked,)))}
    )
    assert done["certificate"]["removed"]["changes"] == 2
    assert [key for _, key in world.rows()] == ['{"id":"other"}']


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_table_is_no_table(odd: str) -> None:
    setup = tables(id="varchar")
    with pytest.raises(ConfigError):
        find_table(setup, odd)
    with pytest.raises(ConfigError):
        read_relation(setup, odd)
    for text in (f"market.orders.{odd}", f"market.orders.person={odd or '='}", f"{odd}.id"):
        with pytest.raises(ConfigError):
            read_relation(setup, text)


@pytest.mark.parametrize(
    ("kind", "given", "key"),
    [
        ("bigint", "7", 7),
        ("binary", "0xABCDEF123456789ABCDEF123456789AB", "q83vEjRWeJq83vEjRWeJqw=="),
        ("binary", "q83vEjRWeJq83vEjRWeJqw==", "q83vEjRWeJq83vEjRWeJqw=="),
        ("uuid", "123E4567-E89B-12D3-A456-426655440000", "123e4567-e89b-12d3-a456-426655440000"),
        ("varchar", "0xAB", "0xAB"),
        ("varchar", '{"id":"{}"}', "{}"),
    ],
)
def test_a_key_is_written_as_its_type_is(kind: str, given: str, key: Any) -> None:
    past = find_table(tables(id=kind), "people")
    (text,) = key_texts(given, past.versions, past.full_name)
    assert msgspec.json.decode(text) == {"id": key}


@pytest.mark.parametrize("odd", ["'; DROP TABLE changes --", "7 or 1=1", "", "\0"])
def test_a_number_is_a_number(odd: str) -> None:
    past = find_table(tables(id="bigint"), "people")
    with pytest.raises(ConfigError, match="is no value of column id"):
        key_texts(odd, past.versions, past.full_name)


@pytest.mark.parametrize(
    ("text", "columns", "parent", "parent_columns"),
    [
        ("market.orders.person", ("person",), "", ()),
        ("orders.tenant,person", ("tenant", "person"), "", ()),
        ("orders.person=people", ("person",), "market.people", ()),
        ("market.orders.person=market.people.mail", ("person",), "market.people", ("mail",)),
        ("orders.tenant=people.mail", ("tenant",), "market.people", ("mail",)),
    ],
)
def test_relations_are_read(
    text: str, columns: tuple[str, ...], parent: str, parent_columns: tuple[str, ...]
) -> None:
    read = read_relation(tables(id="varchar", mail="varchar"), text)
    assert read == Relation("shop", "market", "orders", columns, parent, parent_columns)


def test_a_list_says_what_an_erasure_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    world = PrivacyWorld()
    world.change("people", "d", {"id": 7})
    world.commit()
    world.state.jobs.begin(Job("j1", "search", BackfillWork(), state="paused"))
    asked = {"erasure": built(Erasure("e1", "ann", 1, (subject("people", {"id": 7}),)))}
    WORK["privacy-erase"](world.setup(), asked)
    monkeypatch.setattr(privacy, "open_stage", lambda *_: None)
    ask = lambda _, event: WORK[event["do"]](world.setup(), event)  # noqa: E731
    monkeypatch.setattr(privacy, "ask_archive", ask)
    told = CliRunner().invoke(privacy.app, ["list"]).output
    assert "e1 waits: backfill j1 of consumer search is paused" in " ".join(told.split())
    assert "1 erasure is not done yet" in told
