"""How far the archive reaches, as plain JSON values."""

from shared.flows.history.archive_reach import ArchiveReach
from shared.values.plain_answer import PlainAnswer
from shared.values.unix_micros import time_text


def archive_answer(archive: ArchiveReach) -> PlainAnswer:
    """How far the archive is."""
    return {
        "archived_through": [
            {
                "stream": each.stream,
                "epoch": each.epoch,
                "n": each.n,
                "committed_at": time_text(each.at_us) if each.at_us else None,
            }
            for each in archive.through
        ],
        "archived_since": time_text(archive.since_us) if archive.since_us else None,
    }
