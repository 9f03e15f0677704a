"""Relay loop: gives reader, publishers and keeper their threads, under the lease."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from shared.flows.relay.binlog_retention import BinlogRetention
from shared.flows.relay.capture.admission import Admission
from shared.flows.relay.capture.due_recorder import DueRecorder
from shared.flows.relay.failover.journal import Journal
from shared.flows.relay.lease import lease_margins
from shared.flows.relay.lease.checkpointing import Checkpointing
from shared.flows.relay.lease.lease_keeper import LeaseKeeper
from shared.flows.relay.lease.start_under_lease import acquire_lease, load_checkpoint
from shared.flows.relay.publishing.publish_trace import PublishTrace
from shared.flows.relay.publishing.publisher import Publisher
from shared.flows.relay.reading.reader import Reader
from shared.flows.relay.reading.wanted_capture import Wanting
from shared.flows.relay.relay_figures import RelayFigures
from shared.flows.relay.relay_setup import RelayEnd, RelaySetup
from shared.flows.relay.sharing.succession import Succession
from shared.flows.relay.sharing.table_share import TableShare
from shared.values.capture_configuration import CaptureConfiguration
from shared.values.checkpoint import Checkpoint
from shared.values.errors import LeaseLost, Outage, RowlineError, StateUnavailable
from shared.values.relay_lease import Lease
from shared.values.stream import source_of

log = logging.getLogger("rowline.relay")

DRAIN_SECONDS = 3.0
"""How long a relay that ends normally continues to publish the changes that it has read."""

BACKOFF_SECONDS = (0.5, 15.0)
SPARE_MS = 20_000
"""Enough for requests that are under way, the checkpoint and the lease."""


def relay(setup: RelaySetup) -> RelayEnd:
    """Wait for the stream's lease, relay until told to stop, give the lease back.

    A source that does not answer is tried again until the end. Raises SourceError, PositionLost,
    TopicError and StackError for what a person must correct; the lease's figures show them too.
    """
    lease, asked_at = acquire_lease(setup)
    if lease is None:
        return "stopped" if setup.stop.is_set() else "busy"
    return _Relay(setup, lease, asked_at).run()


class _Relay:
    def __init__(self, setup: RelaySetup, lease: Lease, asked_at: float) -> None:
        self._setup, stream = setup, setup.source.stream
        self._outbox = setup.outbox()
        self._trace = PublishTrace(setup.tracer, setup.traced_as, stream)
        self._keeper = LeaseKeeper(setup.streams, stream, lease, asked_at, time.monotonic)
        stanza = CaptureConfiguration(setup.source.tables)
        self._share = TableShare(setup.streams, stream, stanza, setup.others, lease.token)
        journal = Journal(setup.claims, stream)
        self._checkpoints = Checkpointing(
            self._outbox, journal, setup.coverage, self._keeper, time.monotonic
        )
        due = DueRecorder(setup.dues, source_of(stream), setup.source.tables)
        succession = Succession(
            setup.streams,
            setup.coverage,
            due,
            stream,
            setup.holder,
            setup.others,
            setup.source.tables,
            _now_ms,
        )
        admission = Admission(setup.preflight, setup.mask_key, setup.hidden, _now_ms)
        self._reader = Reader(
            stream,
            Wanting(self._share, admission, succession.step),
            self._share,
            setup.source.start,
            self._outbox,
            self._checkpoints,
            open_binlog=lambda tables: setup.open_binlog(tables, lease.token),
            packing=setup.packing,
            hidden=setup.hidden,
            journal=journal,
            open_database=setup.open_database,
            now_ms=_now_ms,
            mask_key=setup.mask_key,
            due=due,
        )
        self._kept = kept = BinlogRetention(setup.open_database, lease.figures)
        now = time.monotonic(), _now_ms()
        self._figures = RelayFigures(
            self._outbox, setup.run, setup.version, *now, kept=lambda: kept.shown
        )
        self._reported = 0.0
        self._stopping = threading.Event()  # nothing more is read
        self._ending = threading.Event()  # nothing more is published
        self._ended: RelayEnd = "stopped"
        self._failure: BaseException | None = None

    def run(self) -> RelayEnd:
        threads = [
            threading.Thread(target=self._guard, args=(self._keep,), name="keeper", daemon=True)
        ]
        threads += [
            threading.Thread(target=self._guard, args=(self._publish,), name=f"publisher-{n}")
            for n in range(self._setup.publishers)
        ]
        try:
            checkpoint = load_checkpoint(self._setup)
            self._checkpoints.begin(checkpoint)
            self._figures.begin(checkpoint)
            self._trace.start()
            for thread in threads:
                thread.start()
            self._read()
            self._drain()
        except LeaseLost:
            self._ended = "lease lost"
        except BaseException as error:  # noqa: BLE001 (raised again below, once the lease is given back)
            self._failure = self._failure or error
        finally:
            self._end()
            for thread in threads:
                if thread.ident:
                    thread.join()
            self._reader.reset()
            self._release()
            self._trace.stop()
        if self._failure:
            raise self._failure
        return self._ended

    def _read(self) -> None:
        pause = BACKOFF_SECONDS[0]
        while not self._stopping.is_set():
            try:
                if not self._reader.step(time.monotonic()):
                    self._outbox.wait_for_room(0.2)
                if self._reader.connected:
                    self._kept.look(time.monotonic())
                    self._figures.error, pause = "", BACKOFF_SECONDS[0]
            except Outage as error:
                self._reader.reset()
                if self._stopping.is_set():
                    return
                if str(error) != self._figures.error:
                    log.warning("%s", error)
                self._figures.error = str(error)
                self._stopping.wait(pause)
                pause = min(pause * 2, BACKOFF_SECONDS[1])

    def _drain(self) -> None:
        """Publish what is read.

        The checkpoint cannot contain what is acknowledged behind something that is not: that would
        be published again.
        """
        self._outbox.hurry()
        until = time.monotonic() + DRAIN_SECONDS
        while not (self._outbox.drained or self._ending.is_set() or time.monotonic() > until):
            self._ending.wait(0.01)

    def _publish(self) -> None:
        held, record = self._keeper.held, self._trace.record
        publisher = Publisher(self._outbox, self._setup.topic, held, record)
        while not self._ending.is_set():
            parcels = publisher.begin(time.monotonic())
            if parcels:
                publisher.finish(parcels, publisher.send(parcels), time.monotonic())
            elif self._keeper.held(time.monotonic()):
                self._outbox.wait_for_work(time.monotonic(), 0.5)
            else:
                self._ending.wait(0.1)

    def _keep(self) -> None:
        """Renew each second. The lease time covers what is still under way at the end."""
        while not self._ending.is_set():
            started = time.monotonic()
            left_ms = self._setup.left_ms()
            if self._setup.stop.is_set() or (left_ms is not None and left_ms <= SPARE_MS):
                self._stop_reading()
            try:
                figures = self._checkpoints.renew(self._shown, ends_ms=self._ends_ms(left_ms))
                if started - self._reported >= self._setup.report_seconds:
                    self._reported = started
                    self._setup.report(figures, self._figures.metrics(figures))
            except StateUnavailable as error:
                log.warning("%s", error)
            if self._keeper.wanted and not self._stopping.is_set():
                log.info("another relay asks for stream %s", self._setup.source.stream)
                self._ended = "yielded"
                self._stop_reading()
            awaited = self._ending if self._stopping.is_set() else self._setup.stop
            awaited.wait(max(0.0, lease_margins.RENEW_SECONDS - (time.monotonic() - started)))

    def _ends_ms(self, left_ms: int | None) -> int:
        """When the relay ends. One that is ending must not say 0, no end: nobody would wait."""
        ends = 0 if left_ms is None else max(1, left_ms - SPARE_MS)
        return 1 if self._stopping.is_set() else ends

    def _shown(self, checkpoint: Checkpoint | None) -> dict[str, Any]:
        self._figures.waiting = self._share.waiting
        return self._figures.shown(checkpoint, time.monotonic(), _now_ms())

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except LeaseLost:
            self._ended = "lease lost"
        except BaseException as error:  # noqa: BLE001 (the main thread raises it)
            self._failure = self._failure or error
        finally:
            self._end()

    def _stop_reading(self) -> None:
        if not self._stopping.is_set():
            self._stopping.set()
            self._reader.interrupt()

    def _end(self) -> None:
        self._stop_reading()
        self._ending.set()
        self._outbox.wake()

    def _release(self) -> None:
        """After the last request: what is acknowledged is stored, and the next relay may start at
        once.
        """
        if self._failure:
            known, kind = isinstance(self._failure, RowlineError), type(self._failure).__name__
            self._figures.error = str(self._failure) if known else f"{kind}: a defect, see the log"
        try:
            self._checkpoints.release(self._last_shown)
        except LeaseLost:
            self._ended = "lease lost"
        except StateUnavailable as error:
            log.warning("%s", error)  # the lease runs out by itself

    def _last_shown(self, checkpoint: Checkpoint | None) -> dict[str, Any]:
        figures = self._shown(checkpoint)
        self._setup.report(figures, self._figures.metrics(figures))
        return figures


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
