"""Handling: what a consumer's own code sees beside the change itself.

Consumers' own code imports it (docs/handler.md), so its path is public.
"""

from collections.abc import Callable
from logging import Logger

import msgspec


class Retry(Exception):
    """Raised by own code when the same change may succeed later, such as in an outage.

    after: seconds to wait at least; 0 leaves that to the back-off.
    """

    def __init__(self, reason: str = "", *, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


class HandlerContext(msgspec.Struct, frozen=True):
    """The circumstances of one call.

    consumer: its name. source, table: where the row is from; `table` is `DATABASE.TABLE`.
    lane: `live`, `backfill`, `redrive` or `replay`.
    idempotency_key: the id of the change. A repeated call has the same.
    attempt: how often SQS has delivered the message, 1 the first time.
    first_seen_id: the id of the SQS message, the same in each of its deliveries.
    first_seen_ms: when SQS delivered it the first time, Unix ms; 0: not known.
    unproven: the change passed the consumer's `changed` only because it has no `before`.
    log: a logger; lines appear in the function's log group.
    time_left: the seconds until the function is stopped.
    """

    consumer: str
    source: str
    table: str
    lane: str
    idempotency_key: str
    attempt: int
    first_seen_id: str
    first_seen_ms: int
    unproven: bool
    log: Logger
    time_left: Callable[[], float]
