"""Slice end: when a slice of a job stops, so that the next one continues."""

RESERVE_SECONDS = 60.0
"""A slice ends this long before its function is stopped: one step may take a while."""


class SliceOver(Exception):
    """The time of a slice is over; the job continues in the next one."""


def is_over(left: float) -> bool:
    """Whether the slice must end. left: seconds until the function is stopped."""
    return left < RESERVE_SECONDS
