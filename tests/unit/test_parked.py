"""Parked changes: how commands choose and group them, and what a reason tells."""

import msgspec
import pytest

from shared.domain.parked_by_reason import by_reason
from shared.domain.parked_where import ParkedWhere
from shared.flows.consume.parked_reason import error_of, parked_reason
from shared.values.errors import ConfigError
from shared.values.parked_change import ParkedChange
from tests.worlds.consumer_world import change, parked_change

NOW = 1_800_000_000.0
KEPT = [
    parked_change("a", 1, reason="KeyError: 'currency'", parked_ms=int(NOW - 60) * 1000),
    parked_change("b", 2, key='{"id":2,"shop":"x y"}', parked_ms=int(NOW - 7200) * 1000),
    parked_change("c", 3, table="shop.photos", op="d", parked_ms=int(NOW - 90_000) * 1000),
]


def chosen(where: str) -> str:
    meant = ParkedWhere.parse(where, NOW)
    assert ParkedWhere.parse(str(meant), NOW + 9999) == meant, "a job keeps what was meant"
    return "".join(one.id for one in KEPT if meant.holds(one))


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("", "abc"),
        ("table=shop.items", "ab"),
        ("table=shop.*", "abc"),
        ("table~PHOTO", "c"),
        ("reason~CURRENCY", "a"),
        ("key=1", "ac"),
        ("key='2,x y'", "b"),
        ("key='x y,2'", "b"),
        ('key=\'{"id":2,"shop":"x y"}\'', "b"),
        ('key={"id":2,"shop":"x y"}', "b"),
        ("op=d", "c"),
        ("id=b", "b"),
        ("error=KeyError", "abc"),
        ("since=5m", "a"),
        ("since=3h until=2m", "b"),
        ("since=2020-01-01", "abc"),
        ("until=2020-01-01T00:00", ""),
        ("table=shop.items op=d", ""),
    ],
)
def test_conditions(where: str, ids: str) -> None:
    assert chosen(where) == ids


@pytest.mark.parametrize(
    ("where", "hint"),
    [
        ("table", "conditions such as"),
        ("tabel=x", "Did you mean table"),
        ("since=yesterday", "90m"),
        ("since~2h", "conditions such as"),
        ("key='", "conditions such as"),
        ("reason~", "would mean every change"),
        ("reason==x", "has two signs"),
        ("reason=~x", "has two signs"),
        ("op=INSERT", "they are c, u, d, r, t"),
        ("since=²²²²²²²²²²²²", "is no time"),
        (f"since={'9' * 400}d", "is no time"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(where: str, hint: str) -> None:
    with pytest.raises(ConfigError) as refused:
        ParkedWhere.parse(where)
    assert hint in str(refused.value)


def test_changes_are_grouped_by_table_and_reason() -> None:
    more = [msgspec.structs.replace(KEPT[0], id=f"a{n}", seq=9 + n) for n in range(3)]
    found = by_reason([*KEPT, *more])
    assert [(one.table, one.reason, one.count) for one in found] == [
        ("shop.items", "KeyError: 'currency'", 4),
        ("shop.items", "KeyError", 1),
        ("shop.photos", "KeyError", 1),
    ]
    assert found[0].sample.id == "a"


ES = (
    "document_parsing_exception: [1:{}] failed to parse field [price] of type [long] in document "
    "with id '{}'. Preview of field's value: '{}'"
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ES.format(17, 5, "12,50"), ES.format(9, 77, "it's 3")),
        ("KeyError: 'currency' of row 5", "KeyError: 'currency' of row 77"),
        ("HandlerError: bad mail ann@example.com", "HandlerError: bad mail bob@example.com"),
    ],
)
def test_a_reason_is_shared_and_quotes_no_value_of_the_row(one: str, other: str) -> None:
    first = change(1, "c", 5, price="12,50", mail="ann@example.com")
    second = change(2, "c", 77, price="it's 3", mail="bob@example.com")
    assert parked_reason(one, first) == parked_reason(other, second)
    for row in (first, second):
        assert row.after is not None
        for value in row.after.values():
            assert str(value) not in parked_reason(one, first).replace("#", "")


def test_what_two_reasons_differ_in_stays() -> None:
    row = change(1, "c", 5, price="12,50")
    assert parked_reason("KeyError: 'currency'", row) != parked_reason("KeyError: 'price'", row)
    assert parked_reason(ES.format(1, 5, "x"), row) != parked_reason(
        ES.format(1, 5, "x").replace("[price]", "[stock]"), row
    )
    assert error_of("KeyError: 'currency'") == "KeyError"
    assert error_of("") == "refused"


def test_a_parked_change_is_stored_and_read_as_it_is() -> None:
    text = msgspec.json.encode(KEPT[1])
    assert msgspec.json.decode(text, type=ParkedChange) == KEPT[1]
