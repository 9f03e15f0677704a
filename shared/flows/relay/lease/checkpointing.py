"""Checkpointing: the one place that decides whether the checkpoint of a stream may move.

It moves only past what the topic has acknowledged and the journal holds, only under the lease, and
only forward. Three callers write it: the reader at a turn, the keeper's thread with each renewal,
and the relay when it ends.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from shared.adapters.state.coverages import Coverages
from shared.flows.relay.capture.coverage_segments import cover
from shared.flows.relay.failover.journal import Journal
from shared.flows.relay.lease.lease_keeper import LeaseKeeper
from shared.flows.relay.publishing.outbox import Outbox
from shared.values.checkpoint import Checkpoint
from shared.values.coverage import CoverageSegment
from shared.values.errors import StackError, StateUnavailable
from shared.values.next_epoch import MAX_EPOCH

log = logging.getLogger("rowline.relay")

Figures = Callable[[Checkpoint | None], dict[str, Any]]
"""What the lease shows beside a checkpoint."""


class Checkpointing:
    """The checkpoint of one stream while this process holds its lease. Safe for threads.

    clock: monotonic seconds, the keeper's clock.
    """

    def __init__(
        self,
        outbox: Outbox,
        journal: Journal,
        coverage: Coverages,
        keeper: LeaseKeeper,
        clock: Callable[[], float],
    ) -> None:
        self._outbox, self._journal, self._coverage = outbox, journal, coverage
        self._keeper, self._clock = keeper, clock
        self._stored: Checkpoint | None = None
        self._turning: Checkpoint | None = None  # of a turn that had no answer
        self._covered = 0  # number of the segment that is surely stored
        self._moving = threading.Lock()

    @property
    def raise_epoch(self) -> int:
        """The epoch above which a new one is asked for; 0: none is, or none can be above it."""
        asked = self._keeper.raise_epoch
        return asked if asked < MAX_EPOCH else 0

    def begin(self, checkpoint: Checkpoint | None) -> None:
        """Continue from the checkpoint that the former holder left; before anything else."""
        self._stored = checkpoint
        if checkpoint:
            self._journal.number = checkpoint.lineage.journal
            self._outbox.begin(checkpoint)

    def turn(self, checkpoint: Checkpoint) -> None:
        """Store a checkpoint that changes how changes are numbered, then number from it.

        Only when everything that was added is acknowledged. Raises StateUnavailable, StackError and
        LeaseLost. Without an answer, the checkpoint may be stored, and a backfill may read rows
        under its number. So nothing is numbered as before any more: `complete_turn` comes first.
        """
        with self._moving:
            self._write_journal()
            self._turning = self._noted(checkpoint)
            self._keeper.renew(self._turning)
            self._turned()

    def complete_turn(self) -> None:
        """Store the checkpoint of a turn that had no answer, before anything more is read.

        Raises StateUnavailable, StackError, LeaseLost.
        """
        with self._moving:
            if self._turning:
                self._keeper.renew(self._turning)
                self._turned()

    def cover(self) -> None:
        """Store the segment of coverage that the last turn began, before anything is read in it.

        Raises StateUnavailable, StackError.
        """
        point = self._stored
        if point and point.segment and point.segment.number != self._covered:
            cover(self._coverage, self._keeper.stream, point)
            self._covered = point.segment.number

    def last_segment(self) -> CoverageSegment | None:
        """The stream's last segment that is stored. Raises StateUnavailable, StackError."""
        return self._coverage.last(self._keeper.stream)

    def renew(self, figures: Figures, *, ends_ms: int) -> dict[str, Any]:
        """Renew the lease and store what is acknowledged; returns the figures shown.

        ends_ms: how long this relay means to run on (0: no end).
        Raises LeaseLost, StateUnavailable (the lease runs on until its time is over).
        """
        with self._moving:
            checkpoint = self._turning or self._acknowledged()
            shown = figures(checkpoint)
            self._keeper.renew(checkpoint, ends_ms=ends_ms, figures=shown)
            self._turned()
            return shown

    def release(self, figures: Figures) -> None:
        """Store what is acknowledged and give the lease back; after the last request has ended.

        Raises LeaseLost, StateUnavailable. In both cases what is not stored is published again.
        """
        with self._moving:
            try:
                checkpoint = self._turning or self._acknowledged()
            except StackError as error:
                log.warning("the checkpoint stays where it was: %s", error)
                checkpoint = self._stored
            self._keeper.release(checkpoint, figures=figures(checkpoint))

    def _turned(self) -> None:
        """A turn, if one was under way, is stored."""
        if self._turning:
            self._stored, self._turning = self._turning, None
            self._outbox.begin(self._stored)

    def _acknowledged(self) -> Checkpoint | None:
        """What is acknowledged, as far as the journal holds it. Raises StackError."""
        checkpoint = self._outbox.acknowledged()
        try:
            self._write_journal()
        except StateUnavailable as error:
            log.warning("the checkpoint stays where it was: %s", error)
        else:
            self._stored = checkpoint and self._noted(checkpoint)
        return self._stored

    def _noted(self, checkpoint: Checkpoint) -> Checkpoint:
        lineage = checkpoint.lineage.noted(self._journal.number)
        return msgspec.structs.replace(checkpoint, lineage=lineage)

    def _write_journal(self) -> None:
        """S3 checks no token: a relay that woke too late would overwrite the next one's pages."""
        if not self._keeper.held(self._clock()):
            raise StateUnavailable(
                "the lease is not surely held.", thing=f"stream {self._keeper.stream}"
            )
        self._journal.keep()
