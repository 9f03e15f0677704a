"""Numbers of options that no job could work with, or store."""

import pytest

from tests.command import run_here

RATES = ("nan", "NaN", "inf", "-inf", "1e400", "-1", "0", "1e30", "many", "")


@pytest.mark.parametrize("number", RATES)
@pytest.mark.parametrize("command", [("redrive",), ("replay", "--from", "2h")])
def test_a_rate_that_is_none_is_refused_by_its_name(command: tuple[str, ...], number: str) -> None:
    name, *options = command
    ended = run_here(name, "search", *options, "--rate", number, environment={"COLUMNS": "200"})
    assert ended.code == 2
    assert b"Invalid value for '--rate'" in ended.stderr


@pytest.mark.parametrize("number", ["-1", "9" * 30, "1.5", "nan"])
def test_a_count_that_is_none_is_refused_by_its_name(number: str) -> None:
    ended = run_here("cutover", "search", "--accept", number, environment={"COLUMNS": "200"})
    assert ended.code == 2
    assert b"Invalid value for '--accept'" in ended.stderr
