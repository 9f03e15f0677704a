"""What unit tests of several files begin with."""

import time
from collections.abc import Iterator
from functools import partial

import pytest

from shared.flows import job_slice
from shared.flows.jobs import job_refused


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backfill and verify of a job's slice read three rows at once."""
    monkeypatch.setattr(job_slice, "Backfill", partial(job_slice.Backfill, chunk_rows=3))
    monkeypatch.setattr(job_slice, "Verify", partial(job_slice.Verify, chunk_rows=3))


@pytest.fixture
def far_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose local time is not UTC: what is printed must not depend on it."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def long_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a killed holder's silence looks three times, not thirty.

    The world goes on beside each look, and a killed job has hundreds of holders.
    """
    monkeypatch.setattr(job_refused, "_POLL_SECONDS", job_refused.HOLDER_SILENT_SECONDS / 3)
