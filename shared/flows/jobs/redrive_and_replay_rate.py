"""Redrive and replay rate: how fast these jobs send changes into a consumer's queue."""

RATE = 500.0
"""Changes a second of a redrive and a replay, unless somebody asks for another rate."""

FILL_RATE = 100_000.0
"""Changes a second of a fill from the archive at most: the consumer's own speed limits it, as any
backfill.
"""
