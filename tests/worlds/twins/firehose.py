"""The twin of a Firehose stream: it buffers, and delivers late, mixed and more than once."""

import gzip
import random
from collections.abc import Callable, Sequence

from shared.adapters.firehose.contract import MOST_RECORD
from shared.values.errors import StackError
from tests.worlds.twins.landing import MemoryLanding

PREFIX = "firehose/"


class MemoryStream:
    """Delivers into a landing when a test says so.

    dice: of what is random; without it each record is accepted, and delivered once.
    share: of the records and of the calls, those that are not accepted; of the accepted records,
        those whose answer is lost; of the deliveries, those that come again or much later.
    refuses: every call is refused.
    """

    def __init__(
        self, landing: MemoryLanding, dice: random.Random | None = None, share: float = 0.0
    ) -> None:
        self._landing, self._dice, self.share = landing, dice, share
        self.buffered: list[bytes] = []
        self.accepted = self.failed = self._objects = 0
        self.refuses = False

    def put(self, records: Sequence[bytes], may_go_on: Callable[[], bool]) -> list[str]:
        if self.refuses:
            raise StackError("Firehose refuses: AccessDenied.", thing="stream")
        assert all(len(each) <= MOST_RECORD for each in records)
        throttled = self._happens()
        return [
            self._one(each) if may_go_on() and not throttled else self._not_accepted()
            for each in records
        ]

    def deliver(self, *, all: bool = False) -> None:
        """Write what is buffered as objects; by chance not everything, and some of it again."""
        some, self.buffered = self.buffered, []
        if self._dice:
            self._dice.shuffle(some)
            if not all:
                late = self._dice.randint(0, len(some))
                self.buffered, some = some[:late], some[late:]
            some += [each for each in some if self._happens()]
        while some:
            count = self._dice.randint(1, len(some)) if self._dice else len(some)
            body, some = b"".join(some[:count]), some[count:]
            for _ in range(1 + self._happens()):
                self._objects += 1
                name = f"{PREFIX}2026/11/27/16/stream-1-{self._objects}.gz"
                self._landing.put(name, gzip.compress(body))

    def _one(self, record: bytes) -> str:
        if self._happens():
            return self._not_accepted()
        self.buffered.append(record)
        self.accepted += 1
        return self._not_accepted() if self._happens() else ""  # the answer is lost

    def _not_accepted(self) -> str:
        self.failed += 1
        return "ServiceUnavailableException"

    def _happens(self) -> bool:
        return self._dice is not None and self._dice.random() < self.share
