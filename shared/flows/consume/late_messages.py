"""Late messages: makes a table due when SQS may have lost changes, or brings old ones back."""

from collections.abc import Callable, Sequence

from shared.adapters.state.dues import Dues
from shared.flows.consume.batch import Opened
from shared.values.day import DAY_MS
from shared.values.delivery import SET_ASIDE, Delivery
from shared.values.due_cause import DueCause
from shared.values.message import Message, published_ms

ALMOST_OVER_MS = 12 * DAY_MS
"""SQS deletes a message after 14 days."""

RETURNED_MS = 30_000
"""A message that later ones of its group have overtaken, and that SQS accepted this long after its
publication, is no repeat of a relay. SQS or SNS moved it to a DLQ, and somebody moved it back.

The relay's clock may be wrong by as much. SNS delivers later only what it could not deliver before.
"""

RETURNED_AFTER_COMMIT_MS = 15 * 60_000
"""The same for a message of an earlier version's relay, which does not tell when it published. A
relay repeats what its killed predecessor published within 75 s.
"""


class Lateness:
    """Finds the late messages of one consumer. now_ms: Unix ms."""

    def __init__(self, consumer: str, dues: Dues, now_ms: Callable[[], int]) -> None:
        self._consumer, self._dues, self._now_ms = consumer, dues, now_ms
        self._noted: set[tuple[str, str]] = set()

    def note(self, opened: Sequence[Opened], *, probing: bool = False) -> None:
        """Look at the messages of a batch, duplicates marked. Raises what the state table raises.

        probing: the gate is closed, so the watch notes what waits for too long.
        A duplicate may have been moved away by SQS or SNS before it was seen, while later changes
        of its group passed the mark. Its old payload must not be applied: its table is due.
        """
        now_ms = self._now_ms()
        for one in opened:
            message, sent_ms = one.message, one.delivery.sent_ms
            if one.lane != "live" or message is None or not message.changes or not sent_ms:
                continue
            if now_ms - sent_ms > ALMOST_OVER_MS and not probing:
                why = "the consumer is 12 days behind, and SQS deletes changes after 14"
                self._due(message.full_name, f"behind:{now_ms // DAY_MS}", why)
            if one.overtaken and _returned(one.delivery, message):
                why = "changes came back after later ones of their group"
                self._due(message.full_name, f"returned:{one.delivery.message_id}", why)

    def _due(self, table: str, cause: str, why: str) -> None:
        if (table, cause) not in self._noted:
            self._dues.note_consumer(self._consumer, table, DueCause(cause, why))
            self._noted.add((table, cause))


def _returned(delivery: Delivery, message: Message) -> bool:
    if SET_ASIDE in delivery.attributes:
        return True
    if published := published_ms(delivery.attributes):
        return delivery.sent_ms - published > RETURNED_MS
    return delivery.sent_ms - message.changes[-1].ts_ms > RETURNED_AFTER_COMMIT_MS
