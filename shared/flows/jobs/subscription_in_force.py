"""Subscription in force: rows are read only when its filter surely acts.

SNS may need 15 minutes for a new or changed filter. A row that was read before, and changed before
the filter acts, would stay as it was read. Source: SNS developer guide, "Amazon SNS subscription
filter policies": "additions or changes … require up to 15 minutes to fully take effect".
"""

import time
from collections.abc import Callable

from shared.flows.jobs.job_setup import JobSetup

ACTS_AFTER_MS = 15 * 60_000


def await_filter(
    setup: JobSetup, sleep: Callable[[float], object], show: Callable[[str], None]
) -> None:
    """Wait until the filter acts; says until when."""
    ends_ms = setup.subscribed_ms + ACTS_AFTER_MS if setup.subscribed_ms else 0
    while (left_ms := ends_ms - setup.now_ms()) > 0:
        until = time.strftime("%H:%M:%SZ", time.gmtime(ends_ms / 1000))
        show(f"waiting until {until}: SNS may need 15 minutes for a new filter")
        sleep(min(5.0, left_ms / 1000))
