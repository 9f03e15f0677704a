"""Waiting for what happens elsewhere."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(what: Callable[[], T], seconds: float = 120.0) -> T:
    """The first answer that is true. The time is for what is stuck, not for what is slow.

    It asks less often the longer it waits: each question takes processor time from what it awaits.
    """
    began = time.monotonic()
    while not (answer := what()):
        waited = time.monotonic() - began
        assert waited < seconds, "did not happen"
        time.sleep(min(0.5, max(0.05, waited / 10)))
    return answer
