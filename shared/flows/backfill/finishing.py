"""Finishing: every row that was sent is applied before the run is over."""

from collections.abc import Callable

from shared.adapters.state.done_messages import DoneMessages

_POLL_SECONDS = 1.0


def wait_until_done(
    done_messages: DoneMessages,
    consumer: str,
    run_id: str,
    message_ids: list[str],
    tell: Callable[[int], None],
    sleep: Callable[[float], object],
) -> None:
    """Wait until the consumer has noted all these messages; `tell` is given how many are left. A
    queue is first in, first out per group, so the last message of each group stands for all of
    it.
    """
    left = message_ids
    while left:
        done = done_messages.noted(consumer, run_id, left)
        left = [each for each in left if each not in done]
        tell(len(left))
        if left:
            sleep(_POLL_SECONDS)
