"""Reset: a stream starts again at another position, with numbers above all earlier ones."""

import msgspec

from shared.domain.server_identity import run_of
from shared.flows.relay.failover.journal import Journal
from shared.flows.relay.lease.taking import wait_for_lease
from shared.flows.relay.reading.opening import start_of
from shared.flows.relay.setup import RelaySetup
from shared.flows.relay.sharing.share import Share
from shared.values.capture_configuration import CaptureConfiguration
from shared.values.checkpoint import Checkpoint
from shared.values.errors import RowlineError
from shared.values.lineage import Lineage
from shared.values.seq import next_epoch


def reset(setup: RelaySetup, start: str, now_ms: int) -> tuple[Checkpoint | None, Checkpoint]:
    """Store a checkpoint at another position, in a new epoch, under the lease: (old, new).

    start: earliest, latest or a position.
    now_ms: Unix time.

    Changes between the two positions are not published. If it is killed, either the old or the new
    checkpoint is stored. Raises SourceError, StackError, LeaseLost.
    """
    lease, _ = wait_for_lease(setup)
    if lease is None:
        raise RowlineError(
            "was not reset: it was told to stop.", thing=f"stream {setup.source.name}"
        )
    name = setup.source.stream
    _, old = setup.streams.load(name)
    new = None
    try:
        binlog = setup.open_binlog(setup.source.tables, lease.token)
        try:
            position = start_of(binlog, start)
            share = Share(
                setup.streams,
                name,
                CaptureConfiguration(setup.source.tables),
                setup.others,
                lease.token,
            )
            capture = share.look(old)
            former = [old.epoch if old else 0, lease.raise_epoch]
            former += [holding.epoch for holding in share.taken.values()]
            epoch = next_epoch(*former, now_ms=now_ms)
            released = share.released(old, capture) if old else ()
            journal = Journal(setup.claims, name, old.lineage.journal if old else 0).end()
            lineage = Lineage.cut_off(run_of(binlog), journal, position)
            begun = Checkpoint.begin(position, epoch, lineage, capture.text())
            new = msgspec.structs.replace(begun, released=released)
        finally:
            binlog.close()
    finally:
        setup.streams.release(name, lease, new)
    return old, new
