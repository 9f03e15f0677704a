"""An answer that was asked for ahead is given once, to the same question."""

import threading
from typing import Any

import pytest

from shared.flows.jobs.background import in_thread
from shared.flows.replay.asked_ahead import AskedAhead


class Archive:
    """Answers with the number of the question; fails as often as told."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.failing = 0

    def ask(self, event: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(event["low"])
        if self.failing:
            self.failing -= 1
            raise ConnectionError
        return {"page": len(self.asked)}


@pytest.fixture
def archive() -> Archive:
    return Archive()


def test_it_is_asked_beside_and_the_answer_is_waited_for(archive: Archive) -> None:
    may, started = threading.Event(), threading.Event()

    def slow(event: dict[str, Any]) -> dict[str, Any]:
        started.set()
        assert may.wait(30)
        return archive.ask(event)

    ahead = AskedAhead(slow, in_thread)
    ahead.expect({"low": "b"})
    assert started.wait(30)
    may.set()
    assert ahead({"low": "b"}) == {"page": 1}
    assert ahead({"low": "b"}) == {"page": 2}, "an answer is given once"


def test_another_question_is_asked(archive: Archive) -> None:
    ahead = AskedAhead(archive.ask, lambda work: work())
    ahead.expect({"low": "b"})
    assert ahead({"low": "a"}) == {"page": 2}
    assert ahead({"low": "b"}) == {"page": 3}


def test_what_failed_ahead_is_asked_again(archive: Archive) -> None:
    ahead = AskedAhead(archive.ask, lambda work: work())
    archive.failing = 1
    ahead.expect({"low": "b"})
    assert ahead({"low": "b"}) == {"page": 2}
    archive.failing = 2
    ahead.expect({"low": "c"})
    with pytest.raises(ConnectionError):
        ahead({"low": "c"})
