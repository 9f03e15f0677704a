"""The views of a table in the archive: types, former columns, and present rows."""

import json
from typing import Any

import pytest

from shared.domain.archive_views import base_names, views_of
from shared.domain.athena_query import ask, rows
from shared.domain.athena_types import common_type, type_of
from shared.values.table import Column, Table
from tests.worlds.changes_table import sample
from tests.worlds.past_world import SOURCE, PastWorld
from tests.worlds.twins.athena import MemoryAthena


def asked(athena: MemoryAthena, sql: str, *parameters: Any) -> list[tuple[str | None, ...]]:
    return list(rows(athena, ask(athena, sql, parameters).id))


def defined(athena: MemoryAthena, versions: list[Table], name: str = "listings") -> None:
    for view in views_of("shop", name, versions):
        athena.define(view.sql)


@pytest.mark.parametrize("seed", [3, 5, 8])
def test_rows_are_the_present_rows_of_the_source(seed: int) -> None:
    world = PastWorld(seed).run(250)
    athena = MemoryAthena(ready=True)
    athena.append(world.rows)
    versions = world.schemas._tables[SOURCE, "market", "listings"]
    defined(athena, versions)
    expected = {}
    for key in world.keys:
        row = world.true_row(key, world.end_ms)
        if row is not None:
            expected[key] = row
    found = asked(athena, "SELECT tenant, id FROM listings_rows")
    assert sorted((str(tenant), int(id or 0)) for tenant, id in found) == sorted(expected)
    changes = asked(athena, "SELECT count(*) FROM listings_changes")
    assert int(changes[0][0] or 0) == sum(row["op"] != "t" for row in world.rows)
    for key, row in list(expected.items())[:5]:
        last = [
            each
            for each in world.rows
            if json.loads(each["key"]) == dict(zip(("tenant", "id"), key, strict=True))
        ][-1]
        told = asked(athena, "SELECT change_n FROM listings_rows WHERE tenant = ? AND id = ?", *key)
        assert told == [(str(last["n"]),)]
        assert row["id"] == key[1]


TYPES = [
    (Column("a", "tinyint"), -128, "-128"),
    (Column("a", "int", unsigned=True), 4294967295, "4294967295"),
    (Column("a", "bigint"), -9223372036854775808, "-9223372036854775808"),
    (Column("a", "bigint", unsigned=True), 18446744073709551615, "18446744073709551615"),
    (Column("a", "bit", length=64), 18446744073709551615, "18446744073709551615"),
    (Column("a", "year"), 2155, "2155"),
    (Column("a", "decimal", length=10, scale=2), "-1234.50", "-1234.50"),
    (Column("a", "decimal", length=65, scale=30), "12345.6", "12345.6"),
    (Column("a", "double"), 0.1, "0.1"),
    (Column("a", "date"), "9999-12-31", "9999-12-31"),
    (Column("a", "date"), "2024-02-31", None),
    (Column("a", "datetime"), "1000-01-01T00:00:00", "1000-01-01 00:00:00.000000"),
    (Column("a", "datetime", scale=1), "2024-02-29T23:59:59.9", "2024-02-29 23:59:59.900000"),
    (
        Column("a", "timestamp", scale=6),
        "2038-01-19T03:14:07.999999Z",
        "2038-01-19 03:14:07.999999",
    ),
    (Column("a", "time"), "-838:59:59", "-838:59:59"),
    (Column("a", "varchar"), 'smile 😀 "x"', 'smile 😀 "x"'),
    (Column("a", "enum", labels=("für",)), "für", "für"),
    (Column("a", "blob"), "AP8=", "00 ff"),
    (Column("a", "json"), {"b": [1, None]}, '{"b":[1,null]}'),
    (Column("a", "longtext"), '{"a": 1}', '{"a": 1}'),
    (Column("a", "geometry"), "POINT(1 -2.5)", "POINT(1 -2.5)"),
    (Column("a", "int"), None, None),
    (Column("a", "json"), None, None),
    (Column("a", "datetime"), None, None),
]


@pytest.mark.parametrize(("column", "value", "expected"), TYPES, ids=lambda each: str(each)[:40])
def test_a_value_has_its_type(column: Column, value: Any, expected: str | None) -> None:
    athena = MemoryAthena(ready=True)
    after = json.dumps({"id": 1, "a": value}, ensure_ascii=False, separators=(",", ":"))
    athena.append([sample(1, after=after)])
    defined(athena, [Table("market", "listings", (Column("id", "int"), column), ("id",))])
    for view in ("listings_rows", "listings_changes"):
        assert asked(athena, f"SELECT a FROM {view} WHERE id = 1") == [(expected,)]


def test_a_view_has_the_columns_of_every_version() -> None:
    number, text = Column("id", "int"), Column("title", "varchar")
    versions = [
        Table("market", "listings", (number, text, Column("old", "int")), ("id",)),
        Table("market", "listings", (Column("id", "bigint"), Column("name", "varchar")), ("id",)),
    ]
    athena = MemoryAthena(ready=True)
    athena.append(
        [
            sample(1, after='{"id":1,"title":"a","old":3}'),
            sample(2, op="u", after='{"id":2,"name":"b"}', schema_version=2),
            sample(3, op="d", before='{"id":3,"name":"c"}', after=None, schema_version=2),
        ]
    )
    defined(athena, versions)
    found = asked(athena, "SELECT id, name, title, old FROM listings_changes ORDER BY change_n")
    assert found == [("1", None, "a", "3"), ("2", "b", None, None), ("3", "c", None, None)]
    assert asked(athena, "SELECT id FROM listings_rows ORDER BY id") == [("1",), ("2",)]


def test_odd_names_stay_names() -> None:
    odd = "it's \"; DROP"
    columns = (Column("id", "int"), Column("Change_N", "int"), Column("a b", "int"))
    table = Table("mar'ket", odd, columns, ("id",))
    athena = MemoryAthena(ready=True)
    after = '{"id":1,"Change_N":5,"a b":6}'
    athena.append([sample(1, database="mar'ket", table=odd, after=after), sample(2)])
    name = base_names([("shop", "mar'ket", odd)])["shop", "mar'ket", odd]
    assert name == "it_s____drop"
    defined(athena, [table], name)
    found = asked(athena, f'SELECT id, change_n_, "a b", change_n FROM {name}_changes')
    assert found == [("1", "5", "6", "1")]


def test_two_tables_of_one_name_have_their_databases_in_front() -> None:
    names = base_names([("s", "a", "users"), ("s", "b", "Users"), ("s", "b", "listings")])
    assert list(names.values()) == ["a_users", "b_users", "listings"]


def test_tables_of_two_sources_with_the_same_names_have_their_sources_in_front() -> None:
    twins = [("eu", "shop", "users"), ("us", "shop", "users"), ("us", "shop", "listings")]
    assert list(base_names(twins).values()) == ["eu_shop_users", "us_shop_users", "listings"]


def test_no_two_tables_have_views_of_one_name() -> None:
    odd = [("shop", "größe"), ("shop", "grüße"), ("x", "t"), ("y", "t"), ("z", "x_t")]
    odd += [("shop", "产品"), ("shop", "订单"), ("shop", "a-b"), ("shop", "a_b")]
    names = base_names([("s", *place) for place in odd])
    assert len(set(names.values())) == len(names)
    assert names["s", "y", "t"] == "y_t"
    assert base_names(list(reversed(names)))["s", "shop", "产品"] == names["s", "shop", "产品"]


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (["integer", "bigint"], "bigint"),
        (["bigint", "decimal(20,0)"], "decimal(20,0)"),
        (["decimal(10,2)", "decimal(8,4)"], "decimal(12,4)"),
        (["decimal(38,0)", "decimal(38,30)"], "varchar"),
        (["real", "double"], "double"),
        (["integer", "varchar"], "varchar"),
        (["varbinary", "varchar"], "varchar"),
        (["date", "timestamp"], "varchar"),
    ],
)
def test_a_column_that_changed_its_type_has_the_widest(types: list[str], expected: str) -> None:
    assert common_type(types) == expected


def test_no_type_has_a_time_zone() -> None:
    assert type_of(Column("a", "timestamp")) == "timestamp"
