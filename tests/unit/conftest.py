"""What unit tests of several files begin with."""

from functools import partial

import pytest

from shared.flows import job_slice
from shared.flows.jobs import taking_a_job


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backfill and verify of a job's slice read three rows at once."""
    monkeypatch.setattr(job_slice, "Backfill", partial(job_slice.Backfill, chunk_rows=3))
    monkeypatch.setattr(job_slice, "Verify", partial(job_slice.Verify, chunk_rows=3))


@pytest.fixture
def long_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a killed holder's silence looks three times, not thirty.

    The world goes on beside each look, and a killed job has hundreds of holders.
    """
    monkeypatch.setattr(taking_a_job, "_POLL_SECONDS", taking_a_job.HOLDER_SILENT_SECONDS / 3)
