"""Archive progress: how far it has come, and how high each stream's numbers were when.

Changes need some time from the stream to the table. The noted heights show which numbers are older
than that.
"""

from collections.abc import Mapping

import msgspec

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

KEPT_MS = 4 * UNDER_WAY_MS
_APART_MS = 30_000
"""Heights are noted at most this often."""


class Height(msgspec.Struct, frozen=True):
    """The highest number (seq) that each stream had given out at a time, Unix ms."""

    at_ms: int
    seqs: dict[str, int]


class ArchiveProgress(msgspec.Struct, frozen=True, omit_defaults=True):
    """As the last run of the committer left it.

    at_ms: when it ended, Unix ms; 0: none has.
    through: stream → the seq up to which nothing is missing in the table.
    since: stream → since when a number above that is known, Unix ms.
    heights: of the last minutes, in order.
    error: why the last run failed; empty when it did not.
    buffered_ms: when changes last went through Firehose, Unix ms; 0: never.
    """

    at_ms: int = 0
    through: dict[str, int] = {}
    since: dict[str, int] = {}
    heights: tuple[Height, ...] = ()
    error: str = ""
    buffered_ms: int = 0

    def after(
        self,
        through: Mapping[str, int],
        given: Mapping[str, int],
        now_ms: int,
        *,
        buffered: bool = False,
    ) -> "ArchiveProgress":
        """The progress after another run.

        through: of the streams of which something is archived. given: their highest numbers.
        buffered: whether changes go through Firehose.
        """
        known = {
            stream: through.get(stream) or self.through.get(stream) or seq
            for stream, seq in given.items()
        }
        heights = [one for one in self.heights if one.at_ms > now_ms - KEPT_MS]
        if not heights or heights[-1].at_ms <= now_ms - _APART_MS:
            heights.append(Height(now_ms, dict(given)))
        since = {}
        for stream, seq in given.items():
            if seq <= known[stream]:
                continue
            if known[stream] == self.through.get(stream) and stream in self.since:
                since[stream] = self.since[stream]
                continue
            higher = (one.at_ms for one in heights if one.seqs.get(stream, 0) > known[stream])
            since[stream] = next(higher, now_ms)
        buffered_ms = now_ms if buffered else self.buffered_ms
        return ArchiveProgress(now_ms, known, since, tuple(heights), buffered_ms=buffered_ms)

    def behind_ms(self, now_ms: int) -> int:
        """For how long the archive has lacked a number that was given out; 0: it lacks none."""
        return max((now_ms - at_ms for at_ms in self.since.values()), default=0)

    def may_deliver(self, now_ms: int) -> bool:
        """Whether Firehose may still deliver a change that it accepted long ago."""
        return self.buffered_ms > now_ms - DELIVERED_MS

    def due(self, stream: str, now_ms: int) -> int | None:
        """The seq up to which the archive should have a stream by now; None: all that there is.

        What is above may be under way. That is not assumed where the committer has not run lately.
        """
        if not self.heights or self.heights[-1].at_ms < now_ms - UNDER_WAY_MS:
            return None
        under_way_ms = BUFFERED_UNDER_WAY_MS if self.may_deliver(now_ms) else UNDER_WAY_MS
        old = [one for one in self.heights if one.at_ms <= now_ms - under_way_ms]
        return old[-1].seqs.get(stream, 0) if old else 0
