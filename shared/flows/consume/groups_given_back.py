"""Groups given back: those of a batch that go back to the queue at once, for another invocation."""

from collections.abc import Collection, Sequence
from contextlib import suppress

from shared.adapters.queue.contract import Queue
from shared.values.delivery import Delivery
from shared.values.errors import StackError, StateUnavailable


class GroupsGivenBack:
    """The groups that one batch gives back. groups: their names. ids: of their messages."""

    def __init__(self, queue: Queue, deliveries: Sequence[Delivery]) -> None:
        self._queue, self._deliveries = queue, deliveries
        self.groups: set[str] = set()
        self.ids: list[str] = []

    def give_back(self, groups: Collection[str]) -> None:
        """Make the messages of these groups visible, unless that was done.

        Where SQS does not answer, they come again when the queue's visibility time-out is over.
        """
        new = set(groups) - self.groups
        some = [one for one in self._deliveries if one.group in new]
        self.groups |= new
        self.ids += [one.message_id for one in some]
        if some:
            with suppress(StateUnavailable, StackError):
                self._queue.hide([one.receipt_handle for one in some], 0)
