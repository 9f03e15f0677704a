"""Assigned numbers: those that a stream has given to changes."""

from collections.abc import Iterator

from shared.adapters.state.state import State
from shared.domain.archive_ledger import StreamEpoch
from shared.values.coverage import former_ends
from shared.values.seq import split_seq


def assigned_numbers(state: State, stream: str) -> Iterator[tuple[StreamEpoch, int]]:
    """The last number of each epoch of a stream, as far as it is known.

    The checkpoint is read first: a segment that begins after that says how the epoch before it
    ended. One that began just before may be named by the checkpoint alone.
    """
    _, checkpoint = state.streams.load(stream)
    begun = checkpoint.segment if checkpoint else None
    starts = [each.start for each in state.coverage.segments(stream)]
    ends = former_ends([*starts, begun] if begun else starts)
    if checkpoint is not None:
        epoch, n = split_seq(checkpoint.seq)
        ends[epoch] = max(n + checkpoint.rows, ends.get(epoch, 0))
    for epoch, n in ends.items():
        yield (stream, epoch), n
