"""Placement checks: rows keep their message groups; a changed key of the stanza leaves old ids."""

from collections.abc import Callable, Sequence

from shared.domain.shards_changed import displaced, last_placed
from shared.values.checkpoint import Checkpoint
from shared.values.finding import Finding
from shared.values.settings import SourceSettings


def check_placement(
    source: SourceSettings,
    points: Sequence[Checkpoint],
    *,
    fix: Callable[[str], str] = lambda _: "",
) -> list[Finding]:
    """Find tables whose rows would go to other groups, or would have another key.

    points: the checkpoints of the source's streams. A table may come from another one.
    fix: the advice for a table with another key, by its name.
    """
    found = []
    for name, table in source.tables.items():
        refusals = (displaced(table, last_placed(point, name), 0) for point in points)
        if refusal := next(filter(None, refusals), None):
            place = f"sources.{source.name}.tables.{name}.shards"
            what, way = refusal.what, refusal.fix
            found.append(Finding(f"table {name}", "fail", what, way, stanza=place, table=name))
        former = {point.whole.tables[name].key for point in points if name in point.whole.tables}
        if former - {table.key}:
            what = "has another key in the stanza; existing documents keep their old ids"
            found.append(Finding(f"table {name}", "warn", what, fix(name), table=name))
    return found
