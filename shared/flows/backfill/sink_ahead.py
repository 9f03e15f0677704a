"""Sink ahead: a sink that holds versions above the stream's epoch drops every row that is sent.

Somebody else writes to it, or the stream lost its state and began lower. Then the relay is asked
for a higher epoch before rows are sent.
"""

from collections.abc import Sequence

from shared.domain.captured_tables import CapturedTable
from shared.domain.sink import Listable
from shared.domain.watermark import Watermark
from shared.flows.jobs.job_setup import JobSetup
from shared.values.change import Row
from shared.values.checkpoint import Checkpoint
from shared.values.errors import StackError
from shared.values.next_epoch import EPOCH_SECONDS, MAX_EPOCH
from shared.values.seq import split_seq

ASKED_AT_ONCE = 1_000
"""Documents whose versions one request asks for."""

_POLL_SECONDS = 0.5


def pass_versions(
    setup: JobSetup,
    table: CapturedTable,
    rows: Sequence[Row],
    checkpoint: Checkpoint,
    watermark: Watermark,
) -> bool:
    """Whether the rows, read under `checkpoint`, may be sent; False: read them again.

    Raises StackError when the sink stays ahead.
    """
    if not rows or not isinstance(setup.sink, Listable):
        return True
    documents = setup.sink.documents(table)
    ids = [one.id for one in map(documents.expected, rows) if one.id]
    portions = (ids[at : at + ASKED_AT_ONCE] for at in range(0, len(ids), ASKED_AT_ONCE))
    epoch = split_seq(max((documents.newest(some) for some in portions), default=0))[0]
    if epoch <= checkpoint.epoch:
        return True
    if epoch <= watermark.read(table.name).epoch:
        return False  # the stream began that epoch since
    stream, polling = setup.source.stream_of(table.name), setup.polling
    if epoch < MAX_EPOCH:
        setup.state.streams.ask(stream, raise_epoch=epoch)
        now = polling.wait_for(
            lambda: watermark.read(table.name),
            lambda point: point.epoch > epoch,
            seconds=EPOCH_SECONDS,
            every=_POLL_SECONDS,
        )
        if now.epoch > epoch:
            return False
    raise StackError(
        f"its documents have versions of epoch {epoch}, and the relay numbers in epoch "
        f"{checkpoint.epoch}: every row would be dropped as superseded.",
        thing=f"table {table.name}",
        hint=(
            "The relay was asked for a higher epoch: see `rowline status`, then run the same "
            "command again."
            if epoch < MAX_EPOCH
            else "No epoch can be above that: delete the index, then run the same command again."
        ),
    )
