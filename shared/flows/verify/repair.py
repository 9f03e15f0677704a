"""Repair: writes the rows of the source straight into the sink.

Its version lets every change that is still under way win.
"""

from collections.abc import Callable

from shared.adapters.state.streams import Streams
from shared.domain.polling import Polling
from shared.domain.sink import Write
from shared.domain.watermark import Watermark
from shared.flows.verify.candidate import REPAIRABLE, Candidate, difference
from shared.flows.verify.settling import Settling, by_table
from shared.values.checkpoint import Checkpoint
from shared.values.next_epoch import EPOCH_SECONDS, MAX_EPOCH
from shared.values.seq import split_seq

JUST_PUBLISHED_SECONDS = 5
"""How long a version above the checkpoint may be that of a change just published."""

_BATCH = 500
_ATTEMPTS = 6
_PAUSE_SECONDS = 0.5


class Repair:
    """Repairs differences.

    epochs: those that were asked for, because somebody else writes to the index.
    reasons: why rows could not be repaired, each with its count.
    """

    def __init__(
        self,
        stream: str,
        streams: Streams,
        settling: Settling,
        watermark: Watermark,
        polling: Polling,
    ) -> None:
        self._stream, self._streams = stream, streams
        self._settling, self._watermark = settling, watermark
        self._clock, self._sleep = polling.clock, polling.sleep
        self.epochs: list[int] = []
        self.reasons: dict[str, int] = {}

    def settle(self, candidates: list[Candidate], *, deletes: bool) -> list[Candidate]:
        """Write the rows; returns those that could not be repaired.

        deletes: delete documents without a row. Otherwise a row that was deleted in between is left
            to its own deletion, which is under way.

        The version is the checkpoint's seq, read before the row. So a newer change wins, whether it
        is applied in between or later. If a document has a higher version, the repair waits until
        the relay reaches it. If the relay does not, the version is not the relay's, and the repair
        asks for a new epoch.
        """
        left, stuck = candidates, list[Candidate]()
        for _ in range(_ATTEMPTS):
            checkpoint = self._watermark.read()
            left = self._settling.look_at(left, checkpoint)
            stuck += [one for one in left if difference(one).kind not in REPAIRABLE]
            left = [
                one for one in left if one not in stuck and (deletes or one.expected is not None)
            ]
            if not left:
                break
            above = max((one.held.version for one in left if one.held), default=0)
            if above > checkpoint.seq and not self._pass(above, checkpoint):
                stuck += [one for one in left if one.held and one.held.version > checkpoint.seq]
                left = [one for one in left if one not in stuck]
                continue
            if above > checkpoint.seq:
                continue
            left, applied, superseded = self._write(left, checkpoint)
            if superseded and not applied:
                # Nothing is there, and yet it is refused: a deletion by somebody else, remembered
                # under a version above ours.
                self._ask(checkpoint.epoch)
                self._await(lambda now, epoch=checkpoint.epoch: now.epoch > epoch, EPOCH_SECONDS)  # type: ignore[misc]
        return stuck + left

    def _write(
        self, candidates: list[Candidate], checkpoint: Checkpoint
    ) -> tuple[list[Candidate], int, int]:
        """One try; returns those to look at again, how many were applied, and how many
        superseded.
        """
        again: list[Candidate] = []
        applied = superseded = 0
        for start in range(0, len(candidates), _BATCH):
            for some in by_table(candidates[start : start + _BATCH]):
                writes = [
                    Write(one.id, checkpoint.seq, one.expected.body if one.expected else None)
                    for one in some
                ]
                outcomes = some[0].comparison.documents.write(writes)
                for one, outcome in zip(some, outcomes, strict=True):
                    if outcome.kind == "applied":
                        applied += 1
                        continue
                    again.append(one)
                    superseded += outcome.kind == "superseded"
                    if outcome.kind == "refused":
                        reason = outcome.reason.partition(":")[0]
                        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        return again, applied, superseded

    def _pass(self, version: int, checkpoint: Checkpoint) -> bool:
        """Wait until the checkpoint is at or above `version`, by a new epoch if need be."""
        if self._await(lambda now: now.seq >= version, JUST_PUBLISHED_SECONDS):
            return True
        epoch = split_seq(version)[0]
        if epoch >= MAX_EPOCH:
            self.reasons["a version above every epoch: delete the index and fill it again"] = 1
            return False
        self._ask(max(epoch, checkpoint.epoch))
        return self._await(lambda now: now.seq >= version, EPOCH_SECONDS)

    def _ask(self, epoch: int) -> None:
        self._streams.ask(self._stream, raise_epoch=epoch)
        self.epochs.append(epoch)

    def _await(self, there: Callable[[Checkpoint], bool], seconds: float) -> bool:
        deadline = self._clock() + seconds
        while not there(self._watermark.read()):
            if self._clock() > deadline:
                return False
            self._sleep(_PAUSE_SECONDS)
        return True
