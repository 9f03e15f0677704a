"""Snapshots: a job reads the rows into parts, and the archive's function makes files of them."""
