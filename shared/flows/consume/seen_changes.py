"""Seen changes: those of a batch that the consumer has had before are left out."""

from collections.abc import Sequence

from shared.adapters.state.done_messages import DoneMessages
from shared.adapters.state.jobs import Jobs, is_under_way
from shared.domain.sink import Outcome
from shared.flows.consume.batch import Opened
from shared.values.message import RUN_LANES


def drop_seen(one: Opened, floors: dict[str, int], run: str) -> None:
    """Leave out what was seen before.

    Live changes at or below the group's floor, which moves: after a crash the relay may pack the
    same changes into other messages of this batch. Changes of a backfill or replay that is over,
    whose recorded deletions are gone.
    """
    if one.lane == "live" and one.delivery.group in floors:
        fresh, floor = [], floors[one.delivery.group]
        for piece in one.pieces:
            if piece.change is None or piece.change.seq > floors[one.delivery.group]:
                fresh.append(piece)
                if piece.change is not None:
                    floors[one.delivery.group] = piece.change.seq
        one.duplicates = len(one.pieces) - len(fresh)
        last = one.pieces[-1].change if one.pieces else None
        one.overtaken = not fresh and last is not None and last.seq < floor
        one.pieces = fresh
    elif one.lane in RUN_LANES and not one.is_of_run(run):
        for piece in one.pieces:
            piece.outcome = piece.outcome or Outcome("superseded")


def drop_done(
    opened: Sequence[Opened], done_messages: DoneMessages, jobs: Jobs, consumer: str, run: str
) -> None:
    """Leave out messages of a replay that are noted as done.

    A replay that was killed sends its last messages again. Their changes would come behind
    later ones of their rows. When the replay has ended since this batch began, so have its notes:
    the end is looked for after they were read, and all of its changes are left out then.
    """
    again = [one for one in opened if one.lane == "replay" and one.is_of_run(run)]
    if not again:
        return
    ids = [one.delivery.deduplication_id for one in again]
    done = done_messages.noted(consumer, run, ids)
    if not is_under_way(jobs, consumer, run):
        for one in again:
            drop_seen(one, {}, "")
        return
    for one in again:
        if one.delivery.deduplication_id in done:
            one.duplicates, one.pieces = len(one.pieces), []
        done.add(one.delivery.deduplication_id)  # the batch may have it twice
