"""Running invocations: a job waits until none works with what it read before."""

from collections.abc import Callable

from shared.flows.jobs.job_lease import Tenure
from shared.flows.jobs.job_setup import JobSetup

MARGIN_SECONDS = 5.0
"""More than a function's time-out: what it sent last may be answered a little later."""


def await_functions(
    setup: JobSetup, tenure: Tenure, show: Callable[[str], None], until: str, version: int = 0
) -> None:
    """Wait until every invocation of the consumer's function that runs now has ended.

    until: completes the note "waiting 65 s until …", and names the wait: the job may be killed or
        paused in it, and then continues the same wait.
    version: another one begins another wait.
    """
    seconds = max(setup.consumer.timeout, setup.longest_s) + MARGIN_SECONDS
    show(f"waiting {seconds:.0f} s until {until}")
    tenure.wait_out(seconds, f"{until} {version}" if version else until)
