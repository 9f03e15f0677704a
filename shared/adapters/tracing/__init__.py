"""Tracing: where the segments of traced messages go, and where they are found again."""
