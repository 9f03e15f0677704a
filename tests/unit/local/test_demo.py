"""The demo's hints can be pasted: none is so long that a terminal wraps it."""

from local.demo.run import HINTS


def test_a_hint_fits_a_narrow_terminal() -> None:
    assert [line for line in HINTS.splitlines() if len(line) > 80] == []
