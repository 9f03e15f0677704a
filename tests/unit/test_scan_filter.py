"""Filters of rows whose texts hold characters that PyIceberg's parser does not take."""

import pytest
from pyiceberg.expressions import And, EqualTo, GreaterThanOrEqual, In, Or
from pyiceberg.expressions.parser import parse

from shared.adapters.lake.iceberg.scan_filter import scan_filter
from shared.flows.archive.reading_order import quoted

ODD = [
    "a\tb",
    "back\\slash",
    "at its end\\",
    "two\nlines",
    "\r",
    "it's",
    "''",
    'a "b"',
    "\\x",
    "ü'",
]


@pytest.mark.parametrize("text", ODD)
def test_a_text_may_hold_any_character(text: str) -> None:
    assert scan_filter(f'"table" = {quoted(text)}') == EqualTo("table", text)
    both = f"key in ({quoted(text)}, 'x') and (n >= 7 or n = 3)"
    assert scan_filter(both) == And(
        In("key", {text, "x"}), Or(GreaterThanOrEqual("n", 7), EqualTo("n", 3))
    )


@pytest.mark.parametrize(
    "text",
    ["n >= 7 and not key < 'b'", "committed_at < '2026-01-01T00:00:00'", "op = 'c' or op is null"],
)
def test_other_filters_are_those_of_the_parser(text: str) -> None:
    assert scan_filter(text) == parse(text)


def test_a_text_that_looks_like_a_filter_stays_a_text() -> None:
    text = "' or n >= 0 or key = '"
    assert scan_filter(f"key = {quoted(text)}") == EqualTo("key", text)
