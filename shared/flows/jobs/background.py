"""Background: work that a job does not wait for."""

import threading
from collections.abc import Callable

Start = Callable[[Callable[[], None]], None]
"""Runs a function, beside its caller or, in a test, at once."""


def in_thread(work: Callable[[], None]) -> None:
    """A thread that does not outlive its process: a job that ends leaves it."""
    threading.Thread(target=work, daemon=True).start()
