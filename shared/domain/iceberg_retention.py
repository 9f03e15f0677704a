"""Iceberg retention: how long what an Iceberg table does not need any more is kept."""

from shared.values.day import DAY_MS

ICEBERG_SNAPSHOT_MS = 3_600_000
"""Iceberg's snapshots are kept this long. Time travel needs none: every change has its number."""

VACUUM_MS = DAY_MS
"""A younger object is not removed: a rewrite may still commit it, and a query may still read it.
The longest run takes 15 minutes, and so does Athena's longest query with its usual quota of 30.
"""
