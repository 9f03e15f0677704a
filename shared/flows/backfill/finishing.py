"""Finishing: every row that was sent is applied, then what was deleted meanwhile is deleted for
good, and the run is over.
"""

import time
from collections.abc import Callable, Iterable

from shared.adapters.search.contract import Action, Search
from shared.adapters.state.done_messages import DoneMessages
from shared.values.document import split_address
from shared.values.errors import SearchError, SearchUnavailable

_POLL_SECONDS = 1.0
_BATCH = 1000
_ATTEMPTS = 8


def wait_until_done(
    done_messages: DoneMessages,
    consumer: str,
    run_id: str,
    message_ids: list[str],
    tell: Callable[[int], None],
    sleep: Callable[[float], None] = time.sleep,
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


def apply_deletions(
    search: Search, deletions: dict[str, int], sleep: Callable[[float], None] = time.sleep
) -> int:
    """Delete what was deleted in the source while the run was under way, unless the index holds
    something newer; returns how many documents were.

    Elasticsearch may have forgotten the deletion before the older row arrived. Raises SearchError.
    """
    deleted = 0
    for address, seq in deletions.items():
        alias, document = split_address(address)
        if not document:
            deleted += _delete(
                search,
                (
                    Action(alias, held.id, seq, None)
                    for held in search.scan(alias)
                    if held.version < seq
                ),
                sleep,
            )
    actions = (
        Action(alias, document, seq, None) for (alias, document), seq in _documents(deletions)
    )
    return deleted + _delete(search, actions, sleep)


def _documents(deletions: dict[str, int]) -> Iterable[tuple[tuple[str, str], int]]:
    for address, seq in deletions.items():
        alias, document = split_address(address)
        if document:
            yield (alias, document), seq


def _delete(search: Search, actions: Iterable[Action], sleep: Callable[[float], None]) -> int:
    deleted, batch = 0, []
    for action in actions:
        batch.append(action)
        if len(batch) == _BATCH:
            deleted += _write(search, batch, sleep)
            batch = []
    return deleted + (_write(search, batch, sleep) if batch else 0)


def _write(search: Search, actions: list[Action], sleep: Callable[[float], None]) -> int:
    """Raises SearchUnavailable when some are still refused for the time being after all attempts,
    SearchError when they are for good.
    """
    deleted = 0
    for attempt in range(_ATTEMPTS):
        results = search.bulk(actions)
        deleted += sum(result.kind == "applied" for result in results)
        for result in results:
            if result.kind == "refused":
                raise SearchError(
                    f"refuses a deletion: {result.reason}.",
                    thing="the index",
                    hint="Is it read-only?",
                )
        actions = [
            action
            for action, result in zip(actions, results, strict=True)
            if result.kind == "transient"
        ]
        if not actions:
            return deleted
        sleep(min(30.0, 0.5 * 2**attempt))
    raise SearchUnavailable(
        "cannot take the deletions of this backfill now.",
        thing="the index",
        hint="The same command goes on where this one stopped.",
    )
