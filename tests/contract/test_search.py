"""What every Search must do (long: one contract): the twin, Elasticsearch, OpenSearch."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from shared.adapters.search.contract import Action, Result, Search
from shared.adapters.search.elasticsearch import ElasticsearchSearch
from shared.values.errors import SearchError
from tests.worlds.twins.search import MemorySearch

DEFINITION: dict[str, Any] = {
    "settings": {"index.gc_deletes": "1h", "index.number_of_replicas": 0},
    "mappings": {"dynamic": False, "properties": {"price": {"type": "long"}}},
}


@pytest.fixture(params=["memory", "elasticsearch", "opensearch"])
def search(request: pytest.FixtureRequest) -> Search:
    if request.param == "memory":
        return MemorySearch()
    return ElasticsearchSearch({"url": request.getfixturevalue(request.param).url})


@pytest.fixture
def alias(search: Search) -> str:
    name = f"t-{uuid.uuid4().hex[:12]}"
    search.ensure_index(name, DEFINITION)
    return name


def kinds(results: list[Result]) -> list[str]:
    return [result.kind for result in results]


def held(search: Search, alias: str) -> dict[str, tuple[int, dict[str, Any]]]:
    return {
        id: (document.version, document.body)
        for id, document in search.get(
            alias, [document.id for document in search.scan(alias)]
        ).items()
    }


def test_versions_are_read_without_bodies(search: Search, alias: str) -> None:
    search.bulk([Action(alias, "1", 10, {"price": 1}), Action(alias, "2", 11, {"price": 2})])
    search.bulk([Action(alias, "2", 12, None)])
    assert search.versions(alias, ["1", "2", "3"]) == {"1": 10}
    assert search.versions(alias, []) == {}


def test_the_newest_version_stands(search: Search, alias: str) -> None:
    assert kinds(
        search.bulk([Action(alias, "1", 10, {"price": 1}), Action(alias, "2", 11, {"price": 2})])
    ) == ["applied", "applied"]
    assert kinds(
        search.bulk([Action(alias, "1", 9, {"price": 9}), Action(alias, "2", 12, {"price": 3})])
    ) == ["superseded", "applied"]
    assert held(search, alias) == {"1": (10, {"price": 1}), "2": (12, {"price": 3})}


def test_the_same_version_again_is_applied(search: Search, alias: str) -> None:
    for _ in range(2):
        assert kinds(search.bulk([Action(alias, "1", 10, {"price": 1})])) == ["applied"]
    assert held(search, alias) == {"1": (10, {"price": 1})}


def test_one_request_is_applied_in_order(search: Search, alias: str) -> None:
    actions = [
        Action(alias, "1", 1, {"price": 1}),
        Action(alias, "1", 2, None),
        Action(alias, "1", 3, {"price": 3}),
        Action(alias, "1", 2, {"price": 2}),
    ]
    assert kinds(search.bulk(actions)) == ["applied", "applied", "applied", "superseded"]
    assert held(search, alias) == {"1": (3, {"price": 3})}


def test_a_deleted_document_is_gone_and_its_older_writes_are_refused(
    search: Search, alias: str
) -> None:
    search.bulk([Action(alias, "1", 10, {"price": 1})])
    assert kinds(search.bulk([Action(alias, "1", 12, None)])) == ["applied"]
    assert held(search, alias) == {}
    assert kinds(search.bulk([Action(alias, "1", 11, {"price": 1})])) == ["superseded"]
    assert kinds(search.bulk([Action(alias, "1", 13, {"price": 1})])) == ["applied"]


def test_deleting_what_is_not_there_leaves_its_version(search: Search, alias: str) -> None:
    assert kinds(search.bulk([Action(alias, "1", 12, None)])) == ["applied"]
    assert kinds(search.bulk([Action(alias, "1", 11, {"price": 1})])) == ["superseded"]


def test_an_older_deletion_does_no_harm(search: Search, alias: str) -> None:
    search.bulk([Action(alias, "1", 10, {"price": 1})])
    assert kinds(search.bulk([Action(alias, "1", 9, None)])) == ["superseded"]
    assert held(search, alias) == {"1": (10, {"price": 1})}


def test_a_document_that_the_mapping_refuses_stops_no_other(search: Search, alias: str) -> None:
    results = search.bulk(
        [
            Action(alias, "1", 1, {"price": 1}),
            Action(alias, "2", 2, {"price": {"a": 1}}),
            Action(alias, "3", 3, {"price": 3}),
        ]
    )
    assert kinds(results) == ["applied", "refused", "applied"]
    assert "parsing_exception: " in results[1].reason
    assert set(held(search, alias)) == {"1", "3"}


@pytest.mark.parametrize("body", [{"price": 1}, None], ids=["write", "delete"])
def test_an_absent_index_is_missing_and_is_not_made_by_the_way(
    search: Search, body: dict[str, Any] | None
) -> None:
    absent = f"t-{uuid.uuid4().hex[:12]}"
    assert kinds(search.bulk([Action(absent, "1", 1, body)])) == ["missing"]
    assert kinds(search.bulk([Action(absent, "1", 1, body)])) == ["missing"]
    assert list(search.scan(absent)) == []
    assert search.get(absent, ["1"]) == {}
    assert search.versions(absent, ["1"]) == {}


def test_a_missing_index_spoils_no_other(search: Search, alias: str) -> None:
    results = search.bulk(
        [
            Action(f"{alias}-absent", "1", 1, None),
            Action(alias, "1", 2, {"price": 2}),
            Action(f"{alias}-absent", "2", 3, {"price": 3}),
        ]
    )
    assert kinds(results) == ["missing", "applied", "missing"]
    assert held(search, alias) == {"1": (2, {"price": 2})}


def test_an_index_lost_between_two_requests_is_made_again(elasticsearch: Any) -> None:
    search, alias = ElasticsearchSearch({"url": elasticsearch.url}), f"t-{uuid.uuid4().hex[:12]}"
    search.ensure_index(alias, DEFINITION)
    elasticsearch.request("DELETE", f"/{alias}-000001")
    search.bulk(
        [Action(alias, "1", 10, None)]
    )  # makes a plain index of the alias's name: the alias was there a moment ago
    (result,) = search.bulk([Action(alias, "2", 11, {"price": 2})])
    assert result.kind == "missing"
    search.ensure_index(alias, DEFINITION)
    assert kinds(
        search.bulk([Action(alias, "2", 11, {"price": 2}), Action(alias, "1", 12, None)])
    ) == ["applied", "applied"]
    assert held(search, alias) == {"2": (11, {"price": 2})}


def test_an_index_that_was_left_without_its_alias_is_passed_over(elasticsearch: Any) -> None:
    """A cutover leaves the former index, and the one after it was deleted by hand."""
    search, alias = ElasticsearchSearch({"url": elasticsearch.url}), f"t-{uuid.uuid4().hex[:12]}"
    for number in (1, 2):
        elasticsearch.request("PUT", f"/{alias}-{number:06d}/_doc/1", {"price": 1})
    search.ensure_index(alias, DEFINITION)
    assert search.behind([alias])[alias].indexes == (f"{alias}-000003",)
    ElasticsearchSearch({"url": elasticsearch.url}).ensure_index(alias, DEFINITION)
    assert search.behind([alias])[alias].indexes == (f"{alias}-000003",)
    assert held(search, alias) == {}


def test_somebody_elses_index_in_the_place_of_the_alias_is_left_alone(elasticsearch: Any) -> None:
    search, alias = ElasticsearchSearch({"url": elasticsearch.url}), f"t-{uuid.uuid4().hex[:12]}"
    elasticsearch.request("PUT", f"/{alias}/_doc/1", {"price": 1})
    with pytest.raises(SearchError, match="invalid_alias_name_exception"):
        search.ensure_index(alias, DEFINITION)
    assert elasticsearch.request("GET", f"/{alias}/_doc/1")["found"]


def test_making_an_index_twice_keeps_it(search: Search, alias: str) -> None:
    search.bulk([Action(alias, "1", 1, {"price": 1})])
    search.ensure_index(alias, {"mappings": {"properties": {"price": {"type": "text"}}}})
    assert held(search, alias) == {"1": (1, {"price": 1})}
    assert kinds(search.bulk([Action(alias, "2", 2, {"price": {"a": 1}})])) == ["refused"]


def test_fields_are_added_and_those_there_stay(search: Search, alias: str) -> None:
    for _ in range(2):
        search.extend_mapping(alias, {"price": {"type": "text"}, "stock": {"type": "long"}})
    assert kinds(search.bulk([Action(alias, "1", 1, {"stock": {"a": 1}})])) == ["refused"]
    assert kinds(search.bulk([Action(alias, "1", 1, {"price": {"a": 1}})])) == ["refused"]
    assert kinds(search.bulk([Action(alias, "1", 1, {"price": 1, "stock": 2})])) == ["applied"]


def test_an_unsigned_long_field_can_be_made_and_extended_everywhere(search: Search) -> None:
    alias = f"t-{uuid.uuid4().hex[:12]}"
    search.ensure_index(alias, {"mappings": {"properties": {"id": {"type": "unsigned_long"}}}})
    search.extend_mapping(alias, {"other": {"type": "unsigned_long"}})
    body = {"id": 2**64 - 1, "other": 2**64 - 1}
    assert kinds(search.bulk([Action(alias, "1", 1, body)])) == ["applied"]
    assert held(search, alias) == {"1": (1, body)}


def test_get_finds_those_that_exist(search: Search, alias: str) -> None:
    search.bulk([Action(alias, id, 1, {"price": 1}) for id in ("a:b\\c", "ü/?#%", "x y")])
    assert set(search.get(alias, ["a:b\\c", "ü/?#%", "x y", "absent"])) == {
        "a:b\\c",
        "ü/?#%",
        "x y",
    }
    assert search.get(alias, []) == {}


def test_scan_lists_every_document_without_its_body(search: Search, alias: str) -> None:
    for start in range(0, 6000, 1000):
        search.bulk(
            [Action(alias, str(n), n + 1, {"price": n}) for n in range(start, start + 1000)]
        )
    listing = list(search.scan(alias))
    assert {document.id: document.version for document in listing} == {
        str(n): n + 1 for n in range(6000)
    }
    assert all(document.body == {} for document in listing)


def test_a_listing_may_be_left_early(search: Search, alias: str) -> None:
    search.bulk([Action(alias, "1", 1, {"price": 1}), Action(alias, "2", 2, {"price": 2})])
    listing: Iterator[Any] = search.scan(alias)
    assert next(listing).id in ("1", "2")
    listing.close()  # type: ignore[attr-defined]


def test_values_come_back_as_they_went(search: Search, alias: str) -> None:
    body = {
        "n": None,
        "text": "ünï \U0001f600 \u2028 \ufffe\uffff \x00\x1f",
        "nested": {"a": [1, 1.5, "x", None, True]},
        "big": 2**63,
        "decimal": "1.10",
    }
    search.bulk([Action(alias, "1", 2**62, body)])
    assert held(search, alias) == {"1": (2**62, body)}


def test_an_alias_moves_to_an_index_beside_it(search: Search, alias: str) -> None:
    old, new = f"{alias}-000001", f"{alias}-000002"
    search.bulk([Action(alias, "1", 10, {"price": 1})])
    for _ in range(2):  # each call may be repeated
        search.put_alias(old, f"{old}.direct")
        search.make_index(new, f"{new}.direct", DEFINITION)
    before = search.behind([alias, f"{new}.direct", f"{old}.direct"])
    assert {name: one.indexes for name, one in before.items()} == {
        alias: (old,),
        f"{new}.direct": (new,),
        f"{old}.direct": (old,),
    }
    assert before[alias].ids == before[f"{old}.direct"].ids != before[f"{new}.direct"].ids
    actions = [Action(f"{name}.direct", "2", 11, {"price": 2}) for name in (new, old)]
    assert kinds(search.bulk(actions)) == ["applied", "applied"]
    assert (search.count(old), search.count(new)) == (2, 1)
    moves = [(alias, old, new)]
    search.permit_moves(moves, "7")
    search.move_aliases(moves, "7")
    assert search.behind([alias])[alias].indexes == (new,)
    assert sorted(held(search, alias)) == ["2"]
    assert kinds(search.bulk([Action(alias, "3", 12, {"price": 3})])) == ["applied"]
    with pytest.raises(SearchError):
        search.move_aliases(moves, "7")
    for _ in range(2):
        search.drop_alias(old, f"{old}.direct")
    assert f"{old}.direct" not in search.behind([f"{old}.direct"])


def test_a_move_needs_a_permit_that_is_there(search: Search, alias: str) -> None:
    """So a request that arrives late moves nothing, though the alias is where it was."""
    old, new = f"{alias}-000001", f"{alias}-000002"
    search.make_index(new, f"{new}.direct", DEFINITION)
    moves, back = [(alias, old, new)], [(alias, new, old)]
    for _ in range(2):  # each call may be repeated
        search.permit_moves(moves, "")
        search.permit_moves(moves, "7")
    search.move_aliases(moves, "7")
    search.permit_moves(back, "8")
    search.move_aliases(back, "8")
    for given in ("", "9"):
        search.permit_moves(moves, given)
        with pytest.raises(SearchError):
            search.move_aliases(moves, "7")
        assert search.behind([alias])[alias].indexes == (old,)
    search.refresh([old, f"{new}.direct"])
