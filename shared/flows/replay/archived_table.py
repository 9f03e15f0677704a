"""Archived table: what a job knows of a table without asking its database."""

from collections.abc import Callable
from typing import Any

import msgspec

from shared.domain.captured_tables import CapturedTable
from shared.domain.table_plan import TablePlan
from shared.flows.jobs.job_setup import JobSetup
from shared.values.archive_pages import PageRow, TableName
from shared.values.errors import StackError
from shared.values.json_text import decode_json
from shared.values.message_group import group_prefix, shard_of
from shared.values.settings import SourceSettings, TableSettings, table_settings

_row = msgspec.json.Decoder(dict[str, Any])


def archived_table(setup: JobSetup, name: TableName) -> CapturedTable:
    """The table as its changes were last published. Raises StackError."""
    table = setup.state.schemas.latest(setup.source.name, name.database, name.table)
    if table is None:
        raise StackError(
            "has no columns in the state table.",
            thing=f"table {name.full}",
            hint="Fill the consumer from its source: rowline backfill without --from.",
        )
    key = table_settings(setup.source.tables, name.full).key
    return CapturedTable(table, TablePlan(table, TableSettings(key=key), b""), 0, 0)


def grouping(source: SourceSettings, name: TableName) -> Callable[[PageRow], None]:
    """A function that gives a row of a snapshot the group of its live changes; others keep theirs.

    The group of a row whose shard is made of masked values cannot be told. Any does: an index
    compares versions.
    """
    settings = table_settings(source.tables, name.full)
    prefix = group_prefix(source.name, name.database, name.table)
    shard_by, shards = settings.shard_by, settings.shards
    groups = [f"{prefix}-{shard}" for shard in range(shards)]

    def give(row: PageRow) -> None:
        if row.group:
            return
        whole = _decoded(row.after) if shard_by else {}
        columns = shard_by if all(each in whole for each in shard_by) else ()
        values = [whole[each] for each in columns] or list(_decoded(row.key).values())
        row.group = groups[shard_of(values, shards)]

    return give


def _decoded(text: str | None) -> dict[str, Any]:
    return decode_json(text.encode(), _row) if text else {}
