"""Replay work: the parameters and the progress of a replay."""

import msgspec

from shared.values.archive_pages import Base, Choice
from shared.values.new_indexes import NewIndexes


class ReplayWork(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="replay"):
    """Sends archived changes to one consumer: a replay, or a backfill from the archive.

    bases: table → the snapshot that a backfill begins with; empty for a replay.
    into: a backfill fills new indexes instead of the serving ones.

    choice: which ones. rate: changes a second. estimate: how many changes the plan counted.
    barrier: stream → the seq that the archive must reach first; empty until it is known.
    through: stream → the seq up to which archived changes count; empty until the archive reaches
        the barrier.
    at: the place of the present table in `choice.tables`; those before it are sent.
    first, bounds: how the present table is read, see `PartPlan`. opened: that is known.
    part: the present part. low: where in it to continue; empty: at its beginning.
    sending: how many changes from there on are being sent, and may have been. They travel in the
        same messages when they are sent again, so that the consumer knows these.
    shards: place of a table → the shards to which changes were sent, as bits in hexadecimal.
    groups: message group → place of its table, of those whose name does not tell table and shard.
    sent, messages: how many are sent.
    """

    choice: Choice
    rate: float
    estimate: int = 0
    through: dict[str, int] = {}
    at: int = 0
    opened: bool = False
    first: int = 0
    bounds: tuple[str, ...] = ()
    part: int = 0
    low: str = ""
    sending: int = 0
    shards: dict[int, str] = {}
    groups: dict[str, int] = {}
    sent: int = 0
    messages: int = 0
    bases: dict[str, Base] = {}
    into: NewIndexes | None = None
    barrier: dict[str, int] = {}
