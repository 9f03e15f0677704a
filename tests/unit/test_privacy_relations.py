"""The rows of a person in several tables, by declared relations of every kind."""

from typing import Any

import pytest

from shared.flows.privacy.related_rows import with_related
from shared.values.erasure import Relation
from shared.values.errors import ConfigError
from tests.worlds.privacy_world import PrivacyWorld, subject


@pytest.fixture
def world() -> PrivacyWorld:
    return PrivacyWorld()


def relation(table: str, *columns: str, parent: str = "", of: tuple[str, ...] = ()) -> Relation:
    full = f"market.{parent}" if parent else ""
    return Relation("shop", "market", table, columns, full, of)


def found(world: PrivacyWorld, key: Any, *relations: Relation, **options: Any) -> dict[str, Any]:
    world.commit()
    rows = with_related(world.setup(), subject("people", key), relations, **options)
    return {each.table: list(each.keys) for each in rows}


def test_a_chain_of_tables_is_followed_in_any_order(world: PrivacyWorld) -> None:
    world.change("people", "c", {"id": 7}, name="Ada")
    for order, owner in ((1, 7), (2, 8), (3, 7)):
        world.change("orders", "c", {"id": order}, person_id=owner)
        for line in (1, 2):
            world.change("lines", "c", {"order_id": order, "line": line}, item="book")
            if line == 2:
                world.change("notes", "c", {"id": order * 10}, order_id=order, line=line)
    chain = (
        relation("notes", "order_id", "line", parent="lines"),
        relation("lines", "order_id", parent="orders"),
        relation("orders", "person_id"),
    )
    assert found(world, {"id": 7}, *chain) == {
        "people": ['{"id":7}'],
        "orders": ['{"id":1}', '{"id":3}'],
        "lines": [
            '{"order_id":1,"line":1}', '{"order_id":1,"line":2}',
            '{"order_id":3,"line":1}', '{"order_id":3,"line":2}',
        ],
        "notes": ['{"id":10}', '{"id":30}'],
    }  # fmt: skip


def test_rows_that_once_belonged_or_were_deleted_belong(world: PrivacyWorld) -> None:
    world.change("people", "c", {"id": 7})
    world.change("orders", "c", {"id": 1}, person_id=7)
    world.change("orders", "u", {"id": 1}, person_id=8)
    world.change("orders", "d", {"id": 2}, person_id=7)
    orders = found(world, {"id": 7}, relation("orders", "person_id"))["orders"]
    assert orders == ['{"id":1}', '{"id":2}']


def test_null_belongs_to_nobody(world: PrivacyWorld) -> None:
    world.change("people", "c", {"tenant": "a", "id": 7}, mail=None)
    world.change("people", "c", {"tenant": "a", "id": 8}, mail=None)
    world.change("orders", "c", {"id": 1}, tenant="a", person=None, mail=None)
    world.change("orders", "c", {"id": 2}, tenant="b", person=7, mail="x")
    world.change("orders", "c", {"id": 3}, tenant="a", person=7, mail=None)
    key = {"tenant": "a", "id": 7}
    orders = found(world, key, relation("orders", "tenant", "person"))["orders"]
    assert orders == ['{"id":3}']
    by_mail = found(world, key, relation("orders", "mail", parent="people", of=("mail",)))
    assert "orders" not in by_mail


def test_a_column_that_is_not_the_key_relates_too(world: PrivacyWorld) -> None:
    world.change("people", "c", {"id": 7}, mail="ada@example.com")
    world.change("people", "u", {"id": 7}, mail="ada@new.example")
    for id, mail in ((1, "ada@example.com"), (2, "ada@new.example"), (3, "bob@example.com")):
        world.change("letters", "c", {"id": id}, sent_to=mail)
    letters = relation("letters", "sent_to", parent="people", of=("mail",))
    assert found(world, {"id": 7}, letters)["letters"] == ['{"id":1}', '{"id":2}']


@pytest.mark.parametrize(
    ("key", "column"),
    [
        ("q83vEjRWeJCrze8SNFZ4kA==", "q83vEjRWeJCrze8SNFZ4kA=="),
        ("123e4567-e89b-12d3-a456-426655440000", "123e4567-e89b-12d3-a456-426655440000"),
        (18446744073709551615, "18446744073709551615"),
        ('Ada O\'Neill \\ "x"; drop table people --', 'Ada O\'Neill \\ "x"; drop table people --'),
    ],
)
def test_keys_of_every_type_relate(world: PrivacyWorld, key: Any, column: Any) -> None:
    world.change("people", "c", {"id": key})
    world.change("orders", "c", {"id": 1}, person_id=column)
    world.change("orders", "c", {"id": 2}, person_id="somebody else")
    assert found(world, {"id": key}, relation("orders", "person_id"))["orders"] == ['{"id":1}']


def test_texts_that_a_collation_takes_for_the_same_relate_when_asked(world: PrivacyWorld) -> None:
    world.change("people", "c", {"id": "Ádá"})
    world.change("people", "c", {"id": "ADA"}, came="after the deletion of the other")
    world.change("orders", "c", {"id": 1}, person_id="ada ")
    world.change("orders", "c", {"id": 2}, person_id="Ádá")
    world.change("orders", "c", {"id": 3}, person_id="adam")
    orders = relation("orders", "person_id")
    assert found(world, {"id": "Ádá"}, orders)["orders"] == ['{"id":2}']
    alike = found(world, {"id": "Ádá"}, orders, alike=True)
    assert alike["orders"] == ['{"id":1}', '{"id":2}']
    assert alike["people"] == ['{"id":"ADA"}', '{"id":"Ádá"}']


def test_a_table_that_relates_to_itself_ends(world: PrivacyWorld) -> None:
    world.change("people", "c", {"id": 7}, child_of=None)
    world.change("people", "c", {"id": 8}, child_of=7)
    world.change("people", "c", {"id": 9}, child_of=8)
    world.change("people", "c", {"id": 7}, child_of=9)
    rows = found(world, {"id": 7}, relation("people", "child_of", parent="people"))
    assert rows["people"] == ['{"id":7}', '{"id":8}', '{"id":9}']


def test_a_relation_that_cannot_be_is_refused(world: PrivacyWorld) -> None:
    world.change("people", "c", {"id": 7})
    with pytest.raises(ConfigError, match="none of the tables"):
        found(world, {"id": 7}, relation("lines", "order_id", parent="orders"))
    with pytest.raises(ConfigError, match="has 2 columns, and the key has 1"):
        found(world, {"id": 7}, relation("orders", "tenant", "person_id"))
