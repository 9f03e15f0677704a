"""Publish again: how long a message that SNS refused waits before it is sent again."""

FIRST_SECONDS, MOST_SECONDS = 0.1, 5.0
"""Before it is sent again: the first time at most, and ever at most."""


def publish_again_seconds(failures: int, spread: float) -> float:
    """The wait in seconds.

    failures: how often the message failed before. spread: from 0.5 to 1, so that publishers do not
        return together.
    """
    return spread * min(MOST_SECONDS, FIRST_SECONDS * 2.0 ** min(failures, 10))
