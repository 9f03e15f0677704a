"""Refused sends: how long a job waits for a queue that takes no message, and its error then."""

from shared.values.errors import StackError

QUEUE_WAIT_SECONDS = 120
"""A queue that takes nothing for this long needs a person."""


def queue_takes_nothing(reason: str) -> StackError:
    """The error of a queue that takes no message. reason: that of the last refusal."""
    return StackError(
        f"takes no message for {QUEUE_WAIT_SECONDS} s ({reason}).",
        thing="the consumer's queue",
        hint="Run the same command again, or `rowline jobs resume`: it continues where it stopped.",
    )
