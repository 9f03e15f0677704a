"""Reset: a stream begins again at another place, numbered above everything before."""

import msgspec

from shared.domain.server_identity import run_of
from shared.flows.relay.capture.admission import Admission
from shared.flows.relay.capture.coverage_segments import cover, first_segment
from shared.flows.relay.capture.due_recorder import DueRecorder
from shared.flows.relay.failover.journal import Journal
from shared.flows.relay.lease.start_under_lease import acquire_lease
from shared.flows.relay.reading.stream_start import start_of
from shared.flows.relay.relay_setup import RelaySetup
from shared.flows.relay.sharing.table_share import TableShare
from shared.values.capture_configuration import CaptureConfiguration
from shared.values.checkpoint import Checkpoint
from shared.values.errors import RowlineError
from shared.values.lineage import Lineage
from shared.values.next_epoch import next_epoch
from shared.values.relay_lease import Lease
from shared.values.stream import source_of


def reset(setup: RelaySetup, start: str, now_ms: int) -> tuple[Checkpoint | None, Checkpoint]:
    """Let a stream begin again elsewhere, in a new epoch; returns its old and new checkpoint.

    start: earliest, latest or a position.
    now_ms: Unix ms.
    It takes the lease, stores the new checkpoint and gives the lease back. The changes
    between the two places are not published, so all tables become due. After a kill at any point,
    one of the two checkpoints is stored. Raises SourceError, StackError, LeaseLost, and outages.
    """
    lease, _ = acquire_lease(setup)
    if lease is None:
        thing = f"stream {setup.source.name}"
        raise RowlineError("was not reset: it was told to stop.", thing=thing)
    name = setup.source.stream
    _, old = setup.streams.load(name)
    new = None
    try:
        cover(setup.coverage, name, old)
        begun = _begin(setup, lease, old, start, now_ms)
        if old:
            due = DueRecorder(setup.dues, source_of(name), setup.source.tables)
            due.uncovered(name, begun.whole.tables, begun)
        new = begun
    finally:
        setup.streams.release(name, lease, new)
    return old, new


def _begin(
    setup: RelaySetup, lease: Lease, old: Checkpoint | None, start: str, now_ms: int
) -> Checkpoint:
    stream, stanza = setup.source.stream, CaptureConfiguration(setup.source.tables)
    binlog = setup.open_binlog(setup.source.tables, lease.token)
    try:
        position = start_of(binlog, start)
        share = TableShare(setup.streams, stream, stanza, setup.others, lease.token)
        capture = share.look(old)
        admission = Admission(setup.preflight, setup.mask_key, setup.hidden, lambda: now_ms)
        admission.examine()
        stopped = admission.stopped(None, capture)
        former = [old.epoch if old else 0, lease.raise_epoch]
        former += [holding.epoch for holding in share.taken.values()]
        journal = Journal(setup.claims, stream, old.lineage.journal if old else 0).end()
        begun = Checkpoint.begin(
            position,
            next_epoch(*former, now_ms=now_ms),
            Lineage.cut_off(run_of(binlog), journal, position),
            capture.stopping(stopped).text(),
        )
    finally:
        binlog.close()
    begun = msgspec.structs.replace(
        begun, released=share.released(old, capture) if old else (), stopped=stopped
    )
    return first_segment(begun, setup.coverage.last(stream), now_ms, before=old)
