"""Assigned numbers: those that a stream has given to changes."""

from collections.abc import Iterator

from shared.adapters.state.state import State
from shared.domain.archive_ledger import StreamEpoch
from shared.values.coverage import former_ends
from shared.values.seq import split_seq


def assigned_numbers(state: State, stream: str) -> Iterator[tuple[StreamEpoch, int]]:
    """The last number of each epoch of a stream, as far as it is known."""
    ends = former_ends(state.coverage.segments(stream))
    _, checkpoint = state.streams.load(stream)
    if checkpoint is not None:
        epoch, n = split_seq(checkpoint.seq)
        ends[epoch] = max(n + checkpoint.rows, ends.get(epoch, 0))
    for epoch, n in ends.items():
        yield (stream, epoch), n
