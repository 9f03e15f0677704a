"""Jobs: what backfill, resync and verify share: their parts, and how a process holds a job.

A job is stored with its progress and continues after a kill. `job_lease` says who works on it.
"""
