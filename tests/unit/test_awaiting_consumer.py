"""What a job polls while the consumer applies its messages."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from shared.domain.polling import Polling
from shared.flows.jobs import awaiting_consumer
from shared.flows.jobs.awaiting_consumer import Awaiting
from shared.values.errors import StackError

MANY = 300


class AppliesInTime:
    """Applies messages as time passes. done: the messages that are applied at a time."""

    def __init__(self, done: Callable[[float], set[str]]) -> None:
        self.now, self.done = 0.0, done
        self.asked: list[int] = []
        self.depths = 0

    def noted(self, _consumer: str, _run: str, message_ids: list[str]) -> set[str]:
        self.asked.append(len(message_ids))
        return self.done(self.now) & set(message_ids)

    def depth(self) -> tuple[int, int]:
        self.depths += 1
        return (1, 0)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def awaiting(self) -> Awaiting:
        setup: Any = SimpleNamespace(
            consumer=SimpleNamespace(name="search"),
            state=SimpleNamespace(done_messages=self),
            queue=self,
        )
        polling = Polling(lambda: self.now, self.sleep)
        return Awaiting(setup, "job", polling, lambda _: None, lambda: None)


def ids(many: int) -> list[str]:
    return [f"{at:04}" for at in range(many)]


def test_reading_goes_on_soon_after_enough_is_applied_and_few_are_asked_for() -> None:
    consumer = AppliesInTime(lambda now: set(ids(int(now * 1_000))))
    waits = consumer.awaiting()
    waits.sent(ids(MANY))
    waits.hold_back()
    assert consumer.now <= 0.2, "100 messages are applied after 0.1 s"
    assert max(consumer.asked) <= 100


def test_later_messages_count_where_the_oldest_are_stuck() -> None:
    consumer = AppliesInTime(lambda now: set(ids(MANY)[150:]) if now else set())
    waits = consumer.awaiting()
    waits.sent(ids(MANY))
    waits.hold_back()
    assert consumer.now <= 2.0
    assert max(consumer.asked) == MANY


@pytest.mark.parametrize("after", [0.3, 5.0, 60.0])
def test_the_end_is_seen_soon_and_a_slow_consumer_is_not_asked_often(after: float) -> None:
    consumer = AppliesInTime(lambda now: set(ids(64)) if now >= after else set())
    consumer.awaiting().until_done(dict.fromkeys(ids(64), "group"))
    assert after <= consumer.now <= after + max(0.1, min(1.0, 0.2 * after)) + 0.01
    assert len(consumer.asked) <= 25 + after
    assert consumer.depths <= 1 + after


def test_nothing_applied_for_too_long_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awaiting_consumer, "STALLED_SECONDS", 30.0)
    consumer = AppliesInTime(lambda _: set())
    with pytest.raises(StackError, match="has applied none of 64 messages, of group group for one"):
        consumer.awaiting().until_done(dict.fromkeys(ids(64), "group"))
    assert 30.0 < consumer.now < 32.0
