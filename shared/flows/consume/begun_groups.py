"""Begun groups: records which groups a batch has begun, so that a kill of the function shows.

A killed function says nothing. So an invocation that gets messages again records that it has begun
their group, and that it has ended it. Where the end is missing, that group is applied alone, in
portions (see `SuspectGroup`). The other groups of the batch go back to the queue at once: another
invocation takes them, so that no group waits for the kills of another one.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

from shared.adapters.queue.contract import MAX_RECEIVED, Queue
from shared.flows.consume.applying import Tried
from shared.flows.consume.batch import Opened, by_group
from shared.flows.consume.killing_change import BatchTools, SuspectGroup, Trial
from shared.flows.consume.row_items import RowItems
from shared.values.batch_start import BatchStart
from shared.values.errors import StackError, StateUnavailable
from shared.values.group_in_hand import GroupInHand
from shared.values.mark import Mark


class BegunGroups:
    """The groups of one batch that were begun before.

    queue: the consumer's own. tried: what the sink said so far.
    soon: groups that are not over, and shall come again without a long wait.
    """

    def __init__(self, settling: BatchTools, queue: Queue) -> None:
        self._with, self._queue = settling, queue
        self._begun: list[str] = []
        self._suspect: dict[str, GroupInHand] = {}
        self.tried = Tried()
        self.soon: set[str] = set()

    def start(self) -> None:
        """A batch starts: what the last one noted says nothing about it."""
        self._begun, self._suspect = [], {}
        self.tried, self.soon = Tried(), set()

    def begin(
        self,
        opened: Sequence[Opened],
        start: BatchStart,
        marks: dict[str, Mark],
        time_left: Callable[[], float],
        rows: RowItems,
        give_back: Callable[[Collection[str]], None],
        *,
        may_park: bool = True,
    ) -> None:
        """Settle a suspicious group of a batch alone, or note that all groups have begun.

        Groups that are received for the first time cost nothing. The suspicious group with the
        fewest kills comes first. Without `may_park` only a change that kills is parked.
        give_back: returns groups to the queue at once.
        """
        groups = by_group(opened)
        again = [
            group
            for group, members in groups.items()
            if any(one.delivery.attempt > 1 for one in members)
        ]
        if not again:
            return
        held = self._with.hands.read(self._with.consumer, again)
        if not held:
            started = GroupInHand(version=self._with.version, attempts=1)
            self._with.hands.begin(self._with.consumer, dict.fromkeys(sorted(again), started))
            self._begun += again
            return
        group = min(held, key=lambda each: (held[each].tries, held[each].attempts, each))
        trial = Trial(
            group,
            groups,
            held,
            start.run,
            time_left,
            rows,
            marks,
            give_back,
            lambda: self._quiet(len(opened)),
            may_park,
        )
        self._suspect = {group: held[group]}
        suspect = SuspectGroup(self._with, trial)
        over = suspect.apply()
        self.tried = suspect.tried
        if over:
            self._begun.append(group)
        elif over is None:
            self.soon.add(group)

    def _quiet(self, batch: int) -> bool:
        """Whether the queue has nothing to compare with: few messages, or only those of one group.

        batch: how many messages this invocation has. Those behind them cannot be received.
        """
        try:
            waiting, in_flight = self._queue.depth()
            if waiting + in_flight <= MAX_RECEIVED:
                return True
            other = self._queue.receive(1) if in_flight <= batch else []
            if other:
                self._queue.hide([one.receipt_handle for one in other], 0)
        except (StateUnavailable, StackError):
            return False
        return in_flight <= batch and not other

    def survived(self) -> None:
        """The batch has ended with an outage, such as of the state table: that is no kill.

        What was noted of a suspicious group is as before this batch. Where that cannot be stored
        either, the next batch takes the outage for a kill.
        """
        with suppress(StateUnavailable, StackError):
            if self._suspect:
                self._with.hands.begin(self._with.consumer, self._suspect)
            self._begun = [group for group in self._begun if group not in self._suspect]
            self.end()

    def end(self) -> None:
        """The batch has ended without a kill."""
        if self._begun:
            self._with.hands.end(self._with.consumer, self._begun)
            self._begun = []
