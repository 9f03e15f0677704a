"""Ids that can be read back, fields, renames, aliases and definitions."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.flows.consume.sinks.elasticsearch.deletion_recorder import address, split_address
from shared.flows.consume.sinks.elasticsearch.document_id import decode_id, encode_id
from shared.flows.consume.sinks.elasticsearch.document_shape import Shape, safe_field
from shared.flows.consume.sinks.elasticsearch.index_definition import mapping_of, properties_of
from shared.flows.consume.sinks.elasticsearch.unmappable_row import UnmappableRow
from shared.values.errors import ConfigError
from shared.values.table import Column, Table
from tests.worlds.consumer_world import TABLE, change, layout

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40)


@given(st.lists(texts, min_size=1, max_size=4))
def test_an_id_can_be_read_back(parts: list[str]) -> None:
    id = encode_id(parts)
    assert 0 < len(id.encode()) <= 512
    assert decode_id(id, len(parts)) == (None if id.startswith("sha256:") else parts)


@given(
    st.integers(1, 3).flatmap(
        lambda n: st.tuples(
            *[st.lists(st.text(alphabet=":\\a", max_size=4), min_size=n, max_size=n)] * 2
        )
    )
)
def test_different_keys_have_different_ids(keys: tuple[list[str], list[str]]) -> None:
    assert (encode_id(keys[0]) == encode_id(keys[1])) == (keys[0] == keys[1])


@pytest.mark.parametrize(
    ("values", "id"),
    [
        ([7], "7"),
        (["a:b"], "a:b"),
        ([""], "\\"),
        (["\\"], "\\\\"),
        ([2**64 - 1, "x"], "18446744073709551615:x"),
        (["a:b", "c\\"], "a\\:b:c\\\\"),
        (["", ""], ":"),
        ([1.5], "1.5"),
    ],
)
def test_ids_as_documented(values: list[Any], id: str) -> None:
    assert encode_id(values) == id


def test_a_long_id_is_a_hash_and_nothing_else_looks_like_one() -> None:
    assert encode_id(["é" * 256]) == "é" * 256
    assert encode_id(["é" * 257]).startswith("sha256:")
    hashed = encode_id(["x" * 513])
    assert encode_id([hashed]) != hashed


@pytest.mark.parametrize("id", ["a", "a:b:c", "a:b\\", "a:b\\x\\"])
def test_an_id_made_by_somebody_else_is_not_read(id: str) -> None:
    assert decode_id(id, 2) is None


def test_a_null_in_the_id_is_refused() -> None:
    with pytest.raises(UnmappableRow, match="NOT NULL"):
        encode_id(["a", None])


def test_an_address_is_read_back() -> None:
    assert split_address(address("shop-items", "a/b")) == ("shop-items", "a/b")
    assert split_address(address("shop-items", "")) == ("shop-items", "")


def test_fields_are_chosen_and_renamed() -> None:
    shape = layout(fields=("id", "title"), rename={"title": "name"}).shape
    assert shape.body({"id": 1, "title": "x", "price": 2}) == {"id": 1, "name": "x"}
    assert layout(rename={"title": "name"}).shape.body({"id": 1, "title": "x"}) == {
        "id": 1,
        "name": "x",
    }
    assert layout().shape.body({"id": 1, "a.b": 2, "_id": 3}) == {
        "id": 1,
        "a_b": 2,
        "_id_": 3,
    }


@pytest.mark.parametrize(
    ("stanza", "message"),
    [
        ({"fields": ("id", "id")}, "elasticsearch.fields: names id twice"),
        ({"id": ("id", "id")}, "elasticsearch.id: names id twice"),
        ({"fields": ("id",), "rename": {"title": "name"}}, "renames title, which is not among"),
        (
            {"rename": {"title": "name", "label": "name"}},
            "both title and label into the field name",
        ),
        (
            {"fields": ("title", "name"), "rename": {"title": "name"}},
            "both title and name into the field name",
        ),
        ({"rename": {"title": "a.b"}}, "'a.b' cannot be a field"),
    ],
)
def test_a_wrong_stanza_is_refused(stanza: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        layout(**stanza)


def test_a_rename_onto_a_column_of_the_row_is_refused_when_it_is_seen() -> None:
    with pytest.raises(UnmappableRow, match="into the field price"):
        layout(rename={"title": "price"}).shape.body({"title": "x", "price": 1})


def test_an_id_of_other_columns() -> None:
    shape = layout(id=("title",)).shape
    assert shape.row_id({"id": 1, "title": "x"}, ("id",)) == "x"
    assert shape.change_ids(change(1, "c", 1, title="x")) == (None, "x")
    assert shape.change_ids(change(1, "d", 1, title="x")) == ("x", None)
    with pytest.raises(UnmappableRow, match="no column title"):
        shape.row_id({"id": 1}, ("id",))


@pytest.mark.parametrize(
    ("names", "alias"),
    [
        (("shop", "items"), "shop-items"),
        (("shop", "order-lines"), "shop-order-lines"),
        (("shop", "Items"), "shop-items~"),
        (("my-shop", "items"), "my-shop~"),
        (("shop", "wörter & 😀"), "shop-w_rter____~"),
        (("_shop", "x"), "shop~"),
    ],
)
def test_aliases(names: tuple[str, str], alias: str) -> None:
    got = layout().alias(*names)
    assert got.startswith(alias)
    assert ("~" in got) == ("~" in alias)


@given(st.tuples(*[st.text(alphabet="aA-_.", min_size=1, max_size=5)] * 4))
def test_no_two_tables_share_an_alias(names: tuple[str, str, str, str]) -> None:
    same = names[:2] == names[2:]
    assert (layout().alias(*names[:2]) == layout().alias(*names[2:])) == same


@pytest.mark.parametrize(
    ("alias", "tables", "message"),
    [
        ("items", ("shop.items", "shop.photos"), "several tables"),
        ("items", ("shop.*",), "several tables"),
        ("x-{table}", ("shop.*", "crm.*"), "several databases"),
        ("{database}_{table}", ("shop.*",), "apart"),
        ("Items", ("shop.items",), "cannot be an index name"),
        ("a" * 249, ("shop.items",), "cannot be an index name"),
    ],
)
def test_an_alias_that_cannot_be_is_refused(
    alias: str, tables: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        layout(alias=alias, tables=tables)


def test_the_definition_is_derived_from_the_columns_that_are_kept() -> None:
    definition = layout(fields=("id", "title"), rename={"title": "name"}).definition(TABLE)
    assert definition["settings"]["index.gc_deletes"] == "1h"
    assert definition["mappings"]["dynamic"] is False
    assert definition["mappings"]["properties"] == {
        "id": {"type": "long"},
        "name": {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}},
    }
    assert set(properties_of(Shape(), TABLE)) == {"id", "price", "title"}


@pytest.mark.parametrize(
    "settings", [{"gc_deletes": "5m"}, {"index.gc_deletes": "5m"}, {"index": {"gc_deletes": "5m"}}]
)
def test_the_users_own_definition_keeps_what_it_sets(settings: dict[str, Any]) -> None:
    assert layout(index={"settings": settings}).definition(None) == {"settings": settings}


def test_the_users_own_definition_remembers_deletions_for_an_hour() -> None:
    own = {"settings": {"index": {"number_of_shards": 2}}, "mappings": {"dynamic": "strict"}}
    assert layout(index=own).definition(None) == {
        "settings": {"index": {"number_of_shards": 2}, "index.gc_deletes": "1h"},
        "mappings": {"dynamic": "strict"},
    }
    with pytest.raises(ConfigError, match="'mapping', which no index has"):
        layout(index={"mapping": {}}).definition(None)


@pytest.mark.parametrize(
    ("column", "type"),
    [
        (Column("x", "bigint", unsigned=True), "unsigned_long"),
        (Column("x", "int", unsigned=True), "long"),
        (Column("x", "bit", length=64), "unsigned_long"),
        (Column("x", "decimal", length=10, scale=2), "double"),
        (Column("x", "decimal", length=18, scale=0), "long"),
        (Column("x", "decimal", length=19, scale=0), "double"),
        (Column("x", "datetime", scale=6), "date"),
        (Column("x", "time"), "keyword"),
        (Column("x", "json"), "object"),
        (Column("x", "longblob"), "binary"),
        (Column("x", "binary", length=16), "keyword"),
        (Column("x", "inet6"), "ip"),
        (Column("x", "enum", labels=("a",)), "keyword"),
        (Column("x", "vector"), "float"),
    ],
)
def test_mappings(column: Column, type: str) -> None:
    assert mapping_of(column)["type"] == type


def test_columns_with_odd_names_have_safe_fields() -> None:
    assert [safe_field(name) for name in ("a", "a.b", "_id", "..", " ", "_mine")] == [
        "a",
        "a_b",
        "_id_",
        "__",
        " _",
        "_mine",
    ]
    table = Table("d", "t", (Column("a.b", "int"), Column("a_b", "int")))
    with pytest.raises(UnmappableRow, match=r"both a\.b and a_b"):
        properties_of(Shape(), table)
