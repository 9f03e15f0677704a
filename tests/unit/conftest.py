"""What unit tests of several files begin with."""

from functools import partial

import pytest

from shared.flows import job_slice


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backfill and verify of a job's slice read three rows at once."""
    monkeypatch.setattr(job_slice, "Backfill", partial(job_slice.Backfill, chunk_rows=3))
    monkeypatch.setattr(job_slice, "Verify", partial(job_slice.Verify, chunk_rows=3))
