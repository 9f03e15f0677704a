"""Archive answers: those of the archive's function, as a command reads them."""

import msgspec

COMMIT_WAITS = 20
"""Seconds that a commit after a drain waits for one that is under way: that one may have listed the
landing before the drain's last object was there.
"""


class Committed(msgspec.Struct):
    """What a run of the committer did.

    rows: changes that are new in the table. duplicates: changes that it had already.
    objects: landing objects that are done. rejected: objects that could not be read.
    left: whether objects were left for the next run.
    oldest_ms: age of the oldest object at the beginning; 0: there was none.
    busy: another run was under way, and this one did nothing.
    behind_ms: for how long the table has lacked a change that was given out; 0: it lacks none.
    undelivered: objects that Firehose wrote below its error prefix.
    """

    rows: int = 0
    duplicates: int = 0
    objects: int = 0
    rejected: int = 0
    commits: int = 0
    left: bool = False
    oldest_ms: int = 0
    busy: bool = False
    behind_ms: int = 0
    undelivered: int = 0


class Maintained(msgspec.Struct):
    """What a run of the maintenance did.

    rewrites: new files. files: old ones that they replace. rows: in them.
    dropped: changes that were older than the retention.
    expired: snapshots of the table. removed, removed_bytes: objects that nothing referred to.
    left: whether work was left for the next run.
    busy: another run was under way, and this one did nothing.
    """

    rewrites: int = 0
    files: int = 0
    rows: int = 0
    dropped: int = 0
    expired: int = 0
    removed: int = 0
    removed_bytes: int = 0
    left: bool = False
    busy: bool = False


class StreamStanding(msgspec.Struct):
    """One stream: its newest archived epoch.

    changes: archived changes of all epochs. first: the first number of the epoch in the archive.
    through: archived-through. last: the last archived number. end: the last that the stream gave
    out, 0: not known.
    """

    stream: str
    epoch: int
    changes: int
    first: int
    through: int
    last: int
    end: int


class ArchiveStatus(msgspec.Struct):
    """The archive.

    waiting, waiting_bytes: objects in the landing. oldest_ms: the age of the oldest.
    files, size: data files of the table and their bytes. rows: in them.
    """

    streams: list[StreamStanding]
    waiting: int
    waiting_bytes: int
    oldest_ms: int
    files: int
    size: int
    rows: int


class Numbers(msgspec.Struct, omit_defaults=True):
    """A set of numbers: how many, and the first spans of them as [first, last]."""

    count: int = 0
    spans: list[tuple[int, int]] = []

    def __str__(self) -> str:
        """The spans, for people."""
        told = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in self.spans)
        listed = sum(b - a + 1 for a, b in self.spans)
        return told if listed == self.count else f"{told} and {self.count - listed:,} more"


class Anchor(msgspec.Struct, frozen=True):
    """A row that the table holds: its number and its identity."""

    n: int
    id: str


class NumbersToRead(msgspec.Struct, frozen=True):
    """The numbers `first` to `last` of an epoch, which are to be read again from the binlog.

    before, after: the nearest rows that the table holds. They show where in the binlog the numbers
    belong, and prove that they were found.
    """

    stream: str
    epoch: int
    first: int
    last: int
    before: Anchor | None = None
    after: Anchor | None = None

    @property
    def size(self) -> int:
        return self.last - self.first + 1


class Healed(msgspec.Struct):
    """What came into the table. skipped: changes that it held already."""

    rows: int = 0
    skipped: int = 0


class Audited(msgspec.Struct):
    """The result of an audit for one epoch of one stream.

    first: the first archived number; the archive began there. last: the last archived number.
    through: everything from `first` to here is archived.
    end: the last number that the stream gave out; 0: not known.
    rows: rows in the table.
    missing: archived, but no longer in the table.
    repeated: in the table more than once. unknown: in the table, but not in the ledger.
    absent: given out by the stream, but never archived.
    under_way: given out so recently that they need not be in the table yet.
    """

    stream: str
    epoch: int
    first: int
    last: int
    through: int
    end: int
    rows: int
    missing: Numbers
    repeated: Numbers
    unknown: Numbers
    absent: Numbers
    under_way: Numbers = msgspec.field(default_factory=Numbers)

    @property
    def complete(self) -> bool:
        return not (
            self.missing.count or self.repeated.count or self.unknown.count or self.absent.count
        )
