"""Placement checks: rows keep their message groups; a changed key of the stanza leaves old ids."""

from collections.abc import Callable, Mapping

from shared.domain.placement import Placement
from shared.values.finding import Finding
from shared.values.settings import SourceSettings, TableSettings
from shared.values.stopped import Stopped


def check_placement(
    source: SourceSettings,
    deployed: Mapping[str, TableSettings],
    stopped: Mapping[str, Stopped],
    *,
    fix: Callable[[str], str] = lambda _: "",
) -> list[Finding]:
    """Find tables whose rows would go to other groups, or would have another key.

    deployed: how the source's streams have captured its tables so far.
    stopped: why some of them are stopped.
    fix: the advice for a table with another key, by its name.
    """
    found = []
    for name, table in source.tables.items():
        before = deployed.get(name)
        if refusal := Placement(table, before, stopped.get(name)).refusal(0):
            place = f"sources.{source.name}.tables.{name}.shards"
            found.append(
                Finding(
                    f"table {name}", "fail", refusal.what, refusal.fix, stanza=place, table=name
                )
            )
        elif before is not None and before.key != table.key:
            what = "has another key in the stanza; existing documents keep their old ids"
            found.append(Finding(f"table {name}", "warn", what, fix(name), table=name))
    return found
