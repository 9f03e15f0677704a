"""Binlog margin: how long a server should keep binlogs, and how far behind a relay may be."""

SHORT_HOURS = 24
"""A relay that fails on Friday evening should still find its place on Saturday."""

MOST_USED = 0.5
"""A relay that is further behind than this share of the retention may lose its place."""
