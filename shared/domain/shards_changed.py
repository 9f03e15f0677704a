"""Shards changed: a table is not captured while its rows would go to other message groups.

Consumers keep the order of a row within its group. A row that went to another group from one change
to the next could be applied in two groups at once, and its closed rows would not be found.
"""

from shared.values.checkpoint import Checkpoint
from shared.values.settings import TableSettings
from shared.values.stopped import Stopped


def placed_as(settings: TableSettings) -> TableSettings:
    """What of the settings of a table decides about its groups."""
    return TableSettings(shards=settings.shards, shard_by=settings.shard_by)


def last_placed(point: Checkpoint | None, table: str) -> TableSettings | None:
    """How a stream placed the rows of a table when it last captured it; None: never, or unknown."""
    if point is None:
        return None
    if table in point.whole.stopped:
        before = point.stopped.get(table)
        return before.placed if before else None
    settings = point.whole.tables.get(table)
    return placed_as(settings) if settings else None


def displaced(settings: TableSettings, placed: TableSettings | None, now_ms: int) -> Stopped | None:
    """Why a table must not be captured: its rows would go to other groups; else None.

    placed: see `last_placed`.
    """
    if placed is None or placed == placed_as(settings):
        return None
    was = f"{placed.shards} shards{_by(placed)}"
    return Stopped(
        f"has {settings.shards} shards{_by(settings)}; its rows went to {was} so far",
        f"Write {was} again. For others, take the table out of the stanza and deploy; when its "
        "messages are applied, add it with its new shards, and resync its consumers.",
        now_ms,
        placed=placed,
    )


def _by(settings: TableSettings) -> str:
    return f" by {', '.join(settings.shard_by)}" if settings.shard_by else ""
