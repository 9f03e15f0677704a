"""Waiting for what happens elsewhere."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(what: Callable[[], T], seconds: float = 120.0) -> T:
    """The first answer that is true. The time is for what is stuck, not for what is slow."""
    end = time.monotonic() + seconds
    while not (answer := what()):
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.1)
    return answer
