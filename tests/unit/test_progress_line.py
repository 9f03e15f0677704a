"""Progress lines, where stderr is no terminal."""

import pytest

from cli.ui.progress_line import RowProgress
from shared.values.progress import Progress


def test_a_job_that_has_just_started_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with RowProgress("backfill") as progress:
        progress.show(Progress(note="waiting for its next slice"))
        progress.show(Progress())
        progress.show(Progress(5_000, 14_873, note="reading"))
    assert capsys.readouterr().err.splitlines() == [
        "backfill: waiting for its next slice",
        "backfill: starting",
        "backfill: 5,000 of about 14,873 rows, reading",
    ]
