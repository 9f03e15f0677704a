"""Numbers by place: the numbers of rows that were read from the table, by stream and epoch."""

from collections.abc import Iterator

from shared.domain.archive_ledger import StreamEpoch


def by_place(batch: "object") -> Iterator[tuple[StreamEpoch, list[int]]]:
    """The numbers of a batch, by epoch."""
    columns = [column.to_pylist() for column in batch.columns]  # type: ignore[attr-defined]
    streams, epochs, numbers = columns
    if len(set(streams)) == 1 and len(set(epochs)) == 1:
        yield (streams[0], epochs[0]), numbers
        return
    found: dict[StreamEpoch, list[int]] = {}
    for stream, epoch, number in zip(streams, epochs, numbers, strict=True):
        found.setdefault((stream, epoch), []).append(number)
    yield from found.items()
