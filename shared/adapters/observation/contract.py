"""What health needs of CloudWatch, SNS and SQS besides the stage's own state."""

from typing import Any, Protocol

import msgspec

WINDOW_MINUTES = 5
"""The last minutes that signs are about: metrics of SQS and Lambda come a minute or two late."""


class ConsumerSigns(msgspec.Struct, frozen=True):
    """How a consumer did in the last minutes.

    lag_s: age of the last change handled; None where none was lately.
    oldest_s: age of the oldest change that waits: of its message in the queue, or, where that is
        more, of the change that the function could not apply.
    runs, errors: of its function.
    applied, superseded: changes that its function wrote, and dropped as older than the sink's.
    filter: the filter policy of its subscription; None where there is no subscription.
    """

    lag_s: float | None = None
    oldest_s: float | None = None
    runs: int = 0
    errors: int = 0
    applied: int = 0
    superseded: int = 0
    filter: dict[str, Any] | None = None


class KeptQueue(msgspec.Struct, frozen=True):
    """A queue of a consumer that is no longer deployed, or of an earlier one of that name."""

    consumer: str
    name: str
    messages: int


class Observation(Protocol):
    """Asks AWS about a stage. Raises StackError when it may not, StateUnavailable for an outage."""

    def signs(self, consumers: list[str]) -> dict[str, ConsumerSigns]:
        """The signs of each consumer, by name."""
        ...

    def runs(self, consumers: list[str], minutes: int) -> dict[str, tuple[int, int]]:
        """(runs, errors) of the function of each consumer in the last minutes, by name."""
        ...

    def filters(self, consumers: list[str]) -> dict[str, dict[str, Any] | None]:
        """The filter policy of each consumer's subscription, by name; None where there is none."""
        ...

    def kept(self, consumers: list[str]) -> list[KeptQueue]:
        """Queues of this stage, with messages in them, that none of these consumers uses."""
        ...
