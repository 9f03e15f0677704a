"""AskedAhead: asks the archive for the next page while the one before is sent and applied.

A page depends on its request alone: the numbers that count, and the snapshot, are those of the job.
"""

import threading
from typing import Any

from shared.flows.jobs.background import Start
from shared.flows.replay.archive_reader import Ask


class AskedAhead:
    """An `Ask`, with one answer more than it was asked for."""

    def __init__(self, ask: Ask, start: Start) -> None:
        self._ask, self._start = ask, start
        self._event: dict[str, Any] | None = None
        self._ended = threading.Event()
        self._answer: dict[str, Any] | None = None

    def expect(self, event: dict[str, Any]) -> None:
        """Ask this now; the answer is for the call that comes with the same event."""
        ended = threading.Event()
        self._event, self._ended, self._answer = event, ended, None

        def work() -> None:
            try:
                answer = self._ask(event)
                if self._event is event:
                    self._answer = answer
            except Exception:  # noqa: BLE001, S110 (asked once more, by whoever wants the answer)
                pass
            finally:
                ended.set()

        self._start(work)

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        expected = self._event == event
        if expected:
            self._ended.wait()
        answer, self._event, self._answer = self._answer, None, None
        return answer if expected and answer is not None else self._ask(event)
