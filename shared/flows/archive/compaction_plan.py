"""Compaction plan: chooses the files of the table that are rewritten together.

A file belongs to the longest period that is over: its month, else its day, else its hour. So the
history of a row is in few files, and a file is rewritten at most three times.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from shared.adapters.lake.contract import DataFile

SMALL, LARGEST, WIDEST = 24 << 20, 48 << 20, 192 << 20
"""Bytes: smaller files are rewritten, at most `WIDEST` at once, into files that are made of about
`LARGEST` each. Memory holds so much, which is about ten times as much when it is expanded and
sorted.
"""

GRACE = timedelta(minutes=10)
"""Changes may land this long after their commit before their period is closed."""


def groups(files: Iterable[DataFile], now_ms: int) -> Iterator[list[DataFile]]:
    """Files to be put together, the oldest first; each group becomes fewer files."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC) - GRACE
    of_period: dict[str, list[DataFile]] = {}
    for file in sorted(files, key=lambda each: (each.first_ms, each.path)):
        period = period_of(file, now)
        if period and file.size < SMALL:
            of_period.setdefault(period, []).append(file)
    for some in of_period.values():
        yield from _at_once(some)


def period_of(file: DataFile, now: datetime) -> str:
    """The longest period of a file that is over; empty when not even its hour is."""
    at = datetime.fromtimestamp(file.first_ms / 1000, UTC)
    for form in ("%Y-%m", "%Y-%m-%d", "%Y-%m-%d %H"):
        if at.strftime(form) < now.strftime(form):
            return at.strftime(form)
    return ""


def parts_of(files: Sequence[DataFile]) -> int:
    """How many files these become."""
    return max(1, -(-sum(each.size for each in files) // LARGEST))


def _at_once(files: list[DataFile]) -> Iterator[list[DataFile]]:
    """The files of a period, as many as one rewrite takes; those that would not become fewer stay.

    So what was rewritten is not rewritten for ever.
    """
    some: list[DataFile] = []
    for file in files:
        if some and sum(each.size for each in some) + file.size > WIDEST:
            if parts_of(some) < len(some):
                yield some
            some = []
        some.append(file)
    if parts_of(some) < len(some):
        yield some
