"""Capture retry: a table that stopped is tried again, less and less often."""

from shared.domain.capture_retry import AGAIN_MS, FORGOTTEN_MS, after_resuming, capture_again_ms
from shared.values.stopped import Stopped


def test_a_table_that_fails_at_its_rows_is_tried_less_and_less_often() -> None:
    def wait(tries: int) -> int:
        return capture_again_ms(Stopped("has a bad row", "", 1_000, tries)) - 1_000

    assert [wait(tries) for tries in range(4)] == [0, AGAIN_MS, 2 * AGAIN_MS, 4 * AGAIN_MS]
    assert wait(7) == wait(70) == 64 * AGAIN_MS


def test_a_table_that_is_captured_again_is_remembered_for_a_day() -> None:
    stopped = Stopped("has a bad row", "", 1_000, 3)
    resumed = after_resuming(stopped, 2_000)
    assert resumed == Stopped("has a bad row", "", 1_000, 3, resumed_ms=2_000)
    assert resumed
    assert after_resuming(resumed, 2_000 + FORGOTTEN_MS) == resumed
    assert after_resuming(resumed, 2_001 + FORGOTTEN_MS) is None
