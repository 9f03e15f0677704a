"""Heartbeat: a job renews its hold while it waits for an answer that may take minutes."""

import threading
from collections.abc import Callable
from typing import Any

from shared.flows.jobs.job_lease import BEAT_SECONDS
from shared.flows.replay.archive_reader import Ask


def beating(ask: Ask, beat: Callable[[], None]) -> Ask:
    """`ask`, with a `beat` every few seconds until it has answered.

    What `beat` raises ends the waiting; the answer is then nobody's.
    """

    def asked(event: dict[str, Any]) -> dict[str, Any]:
        answer: list[dict[str, Any]] = []
        failure: list[BaseException] = []

        def work() -> None:
            try:
                answer.append(ask(event))
            except BaseException as error:  # noqa: BLE001 (raised again by the waiting thread)
                failure.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        while True:
            thread.join(BEAT_SECONDS)
            if not thread.is_alive():
                break
            beat()
        if failure:
            raise failure[0]
        return answer[0]

    return asked
