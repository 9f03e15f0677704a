"""Exporting: everything that the archive and its snapshots hold of a person, as JSON lines."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from shared.flows.privacy.person_rows import changes, snapshot_rows
from shared.flows.privacy.privacy_setup import PrivacySetup
from shared.values.erasure import Subject

MOST_BYTES = 3 << 20
"""Of one answer: a function's answer has at most 6 MB. Source: Lambda developer guide, "Lambda
quotas", "Invocation payload".
"""

_RAW = ("key", "before", "after")


class Page(msgspec.Struct, frozen=True):
    """Lines of an export. next: how many lines to skip for the next page; 0: this is the last."""

    lines: list[str]
    next: int = 0


def page(setup: PrivacySetup, subjects: Sequence[Subject], skip: int) -> Page:
    """The lines behind the first `skip`, as many as one answer takes."""
    found: list[str] = []
    size, rest = 0, islice(_lines(setup, subjects), skip, None)
    for line in rest:
        found.append(line)
        size += len(line.encode())
        if size >= MOST_BYTES:
            return Page(found, skip + len(found))
    return Page(found)


def _lines(setup: PrivacySetup, subjects: Sequence[Subject]) -> Iterator[str]:
    for subject in subjects:
        for change in sorted(changes(setup, subject), key=lambda row: (row["epoch"], row["n"])):
            yield _line("change", change)
        for row in snapshot_rows(setup, subject):
            yield _line("snapshot", row)


def _line(kind: str, row: dict[str, Any]) -> str:
    plain = {
        name: msgspec.Raw(value.encode()) if name in _RAW and value is not None else value
        for name, value in row.items()
    }
    return msgspec.json.encode({"kind": kind, **plain}).decode()
