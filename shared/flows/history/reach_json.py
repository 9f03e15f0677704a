"""How far the archive reaches, as plain JSON values."""

from datetime import datetime, timedelta
from typing import Any

from shared.flows.history.archive_reach import ArchiveReach

Answer = dict[str, Any]
_EPOCH = datetime(1970, 1, 1)


def iso(at_us: int) -> str:
    """A time as text."""
    return (_EPOCH + timedelta(microseconds=at_us)).isoformat(timespec="milliseconds") + "Z"


def archive_answer(archive: ArchiveReach) -> Answer:
    """How far the archive is."""
    return {
        "archived_through": [
            {
                "stream": each.stream,
                "epoch": each.epoch,
                "n": each.n,
                "committed_at": iso(each.at_us) if each.at_us else None,
            }
            for each in archive.through
        ],
        "archived_since": iso(archive.since_us) if archive.since_us else None,
    }
