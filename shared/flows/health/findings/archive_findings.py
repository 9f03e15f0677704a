"""Findings about the archive: whether its committer runs, and keeps up with the streams."""

from shared.flows.health.thresholds import ARCHIVE_BEHIND_S, ARCHIVE_SILENT_S
from shared.values.archive_progress import ArchiveProgress
from shared.values.finding import Finding
from shared.values.seq import split_seq


def archive_findings(progress: ArchiveProgress, now: float) -> list[Finding]:
    """What is wrong with the archive. `now`: Unix seconds."""
    silent_s = now - progress.at_ms / 1000
    found = []
    if progress.error:
        found.append(
            Finding(
                "archive",
                "fail",
                f"the last run of its committer failed: {progress.error}",
                "Nothing is lost: changes wait in the landing. The next run tries again; the log "
                "of the function `archive` has more.",
            )
        )
    if not progress.at_ms:
        return found or [Finding("archive", "ok", "its committer has not run yet")]
    if silent_s > ARCHIVE_SILENT_S:
        found.append(
            Finding(
                "archive",
                "fail",
                f"its committer has ended no run for {silent_s / 60:,.0f} minutes",
                "Its schedule starts it each minute; see the log of the function `archive`.",
            )
        )
    for stream, since_ms in sorted(progress.since.items()):
        behind_s = now - since_ms / 1000
        if behind_s > ARCHIVE_BEHIND_S:
            epoch, n = split_seq(progress.through.get(stream, 0))
            found.append(
                Finding(
                    f"archive of {stream}",
                    "fail",
                    f"is archived through {n:,} of epoch {epoch} only, and has lacked the next "
                    f"change for {behind_s / 60:,.0f} minutes",
                    "Run `rowline archive audit`: it names what is missing. Then look at what the "
                    "archive's consumer has parked.",
                )
            )
    return found or [Finding("archive", "ok", f"committed {max(0.0, silent_s):.0f} s ago")]
