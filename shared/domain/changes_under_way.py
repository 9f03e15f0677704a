"""Changes under way: what the archive need not have yet, because it was given out just now.

Changes need some time from the stream to the table. An audit counts what lacks after that time.
"""

from shared.values.archive_progress import ArchiveProgress

UNDER_WAY_MS = 300_000
"""A change that was given out less than this long ago is under way: the queue is drained each
minute and committed then, and a run that was killed is made up for by the next.
"""

BUFFERED_UNDER_WAY_MS = 900_000
"""The same for changes that go through Firehose, which buffers them."""

DELIVERED_MS = 25 * 3_600_000
"""Firehose delivers what it accepted within a day, or never. Source: Firehose developer guide,
"Amazon Data Firehose data delivery", Amazon S3.
"""


def may_deliver(progress: ArchiveProgress, now_ms: int) -> bool:
    """Whether Firehose may still deliver a change that it accepted long ago."""
    return progress.buffered_ms > now_ms - DELIVERED_MS


def due_by_now(progress: ArchiveProgress, stream: str, now_ms: int) -> int | None:
    """The seq up to which the archive should have a stream by now; None: all that there is.

    Numbers above it may be under way. That is not assumed where the committer has not run lately.
    """
    heights = progress.heights
    if not heights or heights[-1].at_ms < now_ms - UNDER_WAY_MS:
        return None
    under_way_ms = BUFFERED_UNDER_WAY_MS if may_deliver(progress, now_ms) else UNDER_WAY_MS
    old = [one for one in heights if one.at_ms <= now_ms - under_way_ms]
    return old[-1].seqs.get(stream, 0) if old else 0
