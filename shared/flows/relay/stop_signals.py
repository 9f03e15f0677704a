"""Stop signals: SIGINT and SIGTERM end a relay in order, whatever it waits for."""

import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")


def until_signalled(work: Callable[[], T], stop: threading.Event) -> T:
    """Run `work` to its end; SIGINT and SIGTERM set `stop`. Only in a process's main thread.

    The work has a thread of its own: the main one stays free for signals, also while a database
    driver waits. Raises what the work raises.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with ThreadPoolExecutor(1, "relay") as thread:
        working = thread.submit(work)
        while not working.done():
            wait([working], 0.2)
        return working.result()
