"""Page rows: the form of archived changes in a page."""

from typing import Any

from shared.values.archive_pages import PageRow
from shared.values.errors import StackError


def page_row(row: dict[str, Any], place: str) -> PageRow:
    """A row of the table as pages have it."""
    return PageRow(
        place,
        row["stream"],
        row["seq"],
        row["id"],
        row["op"],
        row["key"],
        row["at_us"] // 1000,
        row["before"],
        row["after"],
        row["tx_id"],
        row["tx_index"],
        row["tx_last"],
        row["schema_version"],
        row["group"],
    )


def bytes_of(row: PageRow) -> int:
    """About how many bytes it has."""
    return 300 + len(row.key) + len(row.before or "") + len(row.after or "")


def too_large(row: PageRow) -> StackError:
    """The error for one that no answer holds."""
    return StackError(
        f"has {bytes_of(row):,} bytes, more than one answer of a function holds.",
        thing=f"archived change {row.id}",
        hint="Leave its row out with --key or --where.",
    )
