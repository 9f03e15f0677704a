"""Archive barrier: the archive holds all that the consumer may have applied before the job.

A consumer records the deletions that it makes while the job is under way. Of a deletion before
that, its sink may have forgotten all. So the archive must know it: then the row's newest archived
change is that deletion. The caller first waits until no function works that knew of no job.
"""

from collections.abc import Callable, Mapping, Sequence

from shared.flows.jobs.job_lease import Tenure
from shared.flows.jobs.job_setup import JobSetup
from shared.flows.replay.archive_reader import ArchiveReader
from shared.flows.replay.streams_of_source import streams_of
from shared.values.archive_pages import Reach, TableName
from shared.values.errors import StackError
from shared.values.message_group import group_id
from shared.values.seq import make_seq, split_seq
from shared.values.settings import table_settings

POLL_SECONDS = 5.0
STALLED_SECONDS = 600.0
"""The archive came no nearer for this long."""

_GROUPS = 64


def barrier(
    setup: JobSetup, tables: Sequence[TableName], least: Mapping[str, int]
) -> dict[str, int]:
    """Stream → the highest seq that the relay has published, or that the consumer has applied.

    least: stream → what the archive must reach besides.
    """
    wanted = dict.fromkeys(streams_of(setup.source), 0)
    for stream in wanted:
        _, checkpoint = setup.state.streams.load(stream)
        if checkpoint is not None:
            epoch, n = split_seq(checkpoint.seq)
            wanted[stream] = make_seq(epoch, n + checkpoint.rows)
    for table in tables:
        stream = setup.source.stream_of(table.full)
        shards = table_settings(setup.source.tables, table.full).shards
        groups = [
            group_id(setup.source.name, table.database, table.table, each) for each in range(shards)
        ]
        for start in range(0, len(groups), _GROUPS):
            some = groups[start : start + _GROUPS]
            marks = setup.state.marks.read(setup.consumer.name, some).marks
            highest = max((mark.seq for mark in marks.values()), default=0)
            wanted[stream] = max(wanted.get(stream, 0), highest)
    for stream, seq in least.items():
        wanted[stream] = max(wanted.get(stream, 0), seq)
    return wanted


def await_barrier(
    setup: JobSetup,
    reader: ArchiveReader,
    wanted: Mapping[str, int],
    tenure: Tenure,
    show: Callable[[str], None],
) -> dict[str, int]:
    """Wait until the archive reaches the barrier; returns stream → the seq that it reaches.

    Raises StackError naming what is missing.
    """
    polling = tenure.polling
    since, best = polling.clock(), -1
    while True:
        reach = reader.reach(setup.source.name, sorted(wanted))
        through = {each.stream: each.through for each in reach.streams}
        left = {stream: seq for stream, seq in wanted.items() if through.get(stream, 0) < seq}
        if not left:
            return through
        if (height := sum(through.values())) > best:
            since, best = polling.clock(), height
            tenure.moved()
        if polling.clock() - since > STALLED_SECONDS:
            raise _stalled(reach, left)
        show(f"waiting until the archive has {', '.join(map(_text, left.items()))}")
        polling.sleep(POLL_SECONDS)


def _stalled(reach: Reach, left: Mapping[str, int]) -> StackError:
    gaps = [each.gap for each in reach.streams if each.gap and each.stream in left]
    lacks = gaps[0] if gaps else ", ".join(map(_text, left.items()))
    return StackError(
        f"has lacked {lacks} for {STALLED_SECONDS / 60:.0f} min.",
        thing="the archive",
        hint="Run rowline archive audit --heal, then rowline jobs resume.",
    )


def _text(item: tuple[str, int]) -> str:
    epoch, n = split_seq(item[1])
    return f"{item[0]} {epoch}/{n}"
