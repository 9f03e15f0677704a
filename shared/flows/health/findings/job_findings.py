"""Findings about the jobs of a stage: one that failed waits for a person."""

from shared.adapters.state.jobs import Jobs
from shared.values.finding import Finding
from shared.values.job import SLOTS


def job_findings(jobs: Jobs, consumer: str) -> list[Finding]:
    """What is wrong with the jobs of a consumer."""
    held = [jobs.current(consumer, slot) for slot in SLOTS]
    return [
        Finding(
            f"{job.kind} {consumer}",
            "warn",
            f"failed: {job.outcome}",
            f"Correct that, then run `rowline jobs resume {job.id}`, or "
            f"`rowline jobs cancel {job.id}`.",
        )
        for job in held
        if job and job.state == "failed"
    ]
