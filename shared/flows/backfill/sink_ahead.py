"""Sink ahead: a sink that holds versions above the stream's epoch drops every row that is sent.

Somebody else writes to it, or the stream lost its state and began lower. Then the relay is asked
for a higher epoch before rows are sent.
"""

from collections.abc import Sequence

from shared.domain.captured_tables import CapturedTable
from shared.domain.sink import Listable
from shared.domain.watermark import Watermark
from shared.flows.jobs.setup import JobSetup
from shared.values.change import Row
from shared.values.checkpoint import Checkpoint
from shared.values.errors import StackError
from shared.values.next_epoch import MAX_EPOCH
from shared.values.seq import split_seq

LOOKED_AT = 500
"""Documents of the first rows of a table: versions of another writer are on all of them, or are
found by `rowline verify`.
"""

EPOCH_SECONDS = 30
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
    ids = [one.id for one in map(documents.expected, rows[:LOOKED_AT]) if one.id]
    held = documents.get(ids).values() if ids else ()
    epoch = split_seq(max((one.version for one in held), default=0))[0]
    if epoch <= checkpoint.epoch:
        return True
    stream, patience = setup.source.stream_of(table.name), setup.patience
    if epoch < MAX_EPOCH:
        setup.state.streams.ask(stream, raise_epoch=epoch)
        now = patience.wait_for(
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
