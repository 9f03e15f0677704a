"""RedriveSetup: everything that a redrive works with; it needs neither source nor sink."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from shared.adapters.claims.contract import Claims
from shared.adapters.queue.contract import Queue
from shared.adapters.state.state import State
from shared.domain.polling import Polling
from shared.flows.jobs.job_lease import Tenure
from shared.values.progress import Progress
from shared.values.settings import ConsumerSettings


@dataclass(frozen=True)
class RedriveSetup:
    """The parts of a stage that a redrive needs.

    queue: the consumer's own. by: who runs it, for people.
    show: is called often with the progress. now_ms: Unix ms.
    tenure: the hold of a slice on its job; None where a command begins or continues one.
    start_drain: makes a consumer that a schedule drains receive what was sent.
    """

    consumer: ConsumerSettings
    state: State
    claims: Claims
    queue: Queue
    by: str = ""
    show: Callable[[Progress], None] = lambda _progress: None
    polling: Polling = Polling()  # noqa: RUF009 (frozen)
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    tenure: Tenure | None = None
    start_drain: Callable[[], None] = lambda: None
