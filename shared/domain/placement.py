"""Placement: the message groups that a table's rows go to, which must not change while it is read.

Consumers keep the order of a row within its group. A row that went to another group from one change
to the next could be applied in two groups at once, and its closed rows would not be found.
"""

from shared.values.settings import TableSettings
from shared.values.stopped import Stopped


class Placement:
    """How a table that is captured as `settings` says was placed so far, as far as it is known.

    former: its settings in the checkpoint. before: why it is stopped there.
    """

    def __init__(
        self, settings: TableSettings, former: TableSettings | None, before: Stopped | None
    ) -> None:
        self._now = settings
        self._former = before.placed if before and before.placed else former

    def refusal(self, now_ms: int) -> Stopped | None:
        """Why the table must not be captured: its rows would go to other groups; else None."""
        former, now = self._former, self._now
        if former is None or _groups(former) == _groups(now):
            return None
        was = f"{former.shards} shards{_by(former)}"
        return Stopped(
            f"has {now.shards} shards{_by(now)}; its rows went to {was} so far",
            f"Write {was} again. For others, take the table out of the stanza and deploy; when "
            "its messages are applied, add it with its new shards, and resync its consumers.",
            now_ms,
            placed=TableSettings(shards=former.shards, shard_by=former.shard_by),
        )


def _groups(settings: TableSettings) -> tuple[int, tuple[str, ...]]:
    return settings.shards, settings.shard_by


def _by(settings: TableSettings) -> str:
    return f" by {', '.join(settings.shard_by)}" if settings.shard_by else ""
