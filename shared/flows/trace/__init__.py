"""Trace: the timeline of one change, and where the change is now."""
