"""Archive progress: how far it has come, and how high each stream's numbers were when.

The noted heights show which numbers are old enough to be in the table by now.
"""

import msgspec


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

    def behind_ms(self, now_ms: int) -> int:
        """For how long the archive has lacked a number that was given out; 0: it lacks none."""
        return max((now_ms - at_ms for at_ms in self.since.values()), default=0)
