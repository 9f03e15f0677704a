"""Periods: which files of the table are rewritten together.

A file belongs to the longest period that is over: its month, else its day, else its hour. So the
history of a row lies in few files, and a file is rewritten at most three times.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from shared.adapters.lake.contract import DataFile

SMALL, LARGEST = 32 << 20, 48 << 20
"""Bytes: smaller files are rewritten, into files of about `LARGEST`. One rewrite holds so much in
memory, which is about ten times as much when it is expanded and sorted.
"""

GRACE = timedelta(minutes=10)
"""Changes may land so long after their commit before their period is closed."""


def groups(files: Iterable[DataFile], now_ms: int) -> Iterator[list[DataFile]]:
    """Files to be put together, the oldest first; each group becomes one file."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC) - GRACE
    of_period: dict[str, list[DataFile]] = {}
    for file in sorted(files, key=lambda each: (each.first_ms, each.path)):
        period = period_of(file, now)
        if period and file.size < SMALL:
            of_period.setdefault(period, []).append(file)
    for some in of_period.values():
        yield from _of_one_file(some)


def period_of(file: DataFile, now: datetime) -> str:
    """The longest period of a file that is over; empty when not even its hour is."""
    at = datetime.fromtimestamp(file.first_ms / 1000, UTC)
    for form in ("%Y-%m", "%Y-%m-%d", "%Y-%m-%d %H"):
        if at.strftime(form) < now.strftime(form):
            return at.strftime(form)
    return ""


def _of_one_file(files: list[DataFile]) -> Iterator[list[DataFile]]:
    """The files of a period, as many together as one new file holds; a single one stays."""
    some: list[DataFile] = []
    for file in files:
        if some and sum(each.size for each in some) + file.size > LARGEST:
            if len(some) > 1:
                yield some
            some = []
        some.append(file)
    if len(some) > 1:
        yield some
