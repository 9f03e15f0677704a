"""Answers about the past as plain JSON values, for the command and the API alike.

Times are ISO 8601 in UTC. Values of rows are the JSON that the archive has.
"""

from collections.abc import Callable

from shared.domain.archived_change import Archived
from shared.domain.changed_values import differences
from shared.domain.query_cost import query_usd
from shared.flows.history.history import RowHistory, RowMoment
from shared.flows.history.pages import ChangePage
from shared.flows.history.reach_json import archive_answer
from shared.values.plain_answer import PlainAnswer
from shared.values.unix_micros import time_text

OPERATIONS = {"c": "create", "u": "update", "d": "delete", "r": "read", "t": "truncate"}


def change_answer(change: Archived) -> PlainAnswer:
    """The answer for one change."""
    answer: PlainAnswer = {
        "stream": change.stream,
        "epoch": change.epoch,
        "n": change.n,
        "id": change.id,
        "operation": OPERATIONS[change.op],
        "committed_at": time_text(change.at_us),
        "key": change.key,
        "before": change.before,
        "after": change.after,
        "changed": {
            name: {"before": before, "after": after}
            for name, (before, after) in differences(change).items()
        },
        "transaction": {"id": change.tx, "index": change.tx_index, "last": change.tx_last},
        "schema_version": change.schema_version,
        "trace_id": change.trace_id,
    }
    if change.moved:
        answer["key_was" if change.op == "c" else "key_became"] = change.moved
    return answer


def history_answer(found: RowHistory) -> PlainAnswer:
    """The answer for the history of a row."""
    return {
        "table": found.table,
        "keys": found.keys,
        "changes": [change_answer(each) for each in found.changes],
        **archive_answer(found.archive),
        **_cost(found.scanned),
    }


def moment_answer(found: RowMoment) -> PlainAnswer:
    """A row at a time."""
    row = found.found
    return {
        "table": found.table,
        "keys": found.keys,
        "at": time_text(found.at_us),
        "state": row.state,
        "why": row.why,
        "certain": row.certain and found.complete,
        "complete": found.complete,
        "row": row.row,
        "schema_version": row.schema_version,
        "unknown_columns": row.unknown,
        "assumed_columns": row.assumed,
        "change": change_answer(row.change) if row.change else None,
        **archive_answer(found.archive),
        **_cost(found.scanned),
    }


def _cost(scanned: int) -> PlainAnswer:
    return {"scanned_bytes": scanned, "cost_usd": query_usd(scanned)}


def page_answer(
    found: ChangePage,
    name: str = "changes",
    each_answer: Callable[[Archived], PlainAnswer] = change_answer,
) -> PlainAnswer:
    """A page of changes, or of rows."""
    return {
        name: [each_answer(each) for each in found.changes],
        "next": found.next or None,
        **(archive_answer(found.archive) if found.archive else {}),
        **_cost(found.scanned),
    }


def row_answer(change: Archived) -> PlainAnswer:
    """A row as a change made it."""
    return {
        "key": change.key,
        "row": change.after,
        "since": time_text(change.at_us),
        "schema_version": change.schema_version,
        "stream": change.stream,
        "epoch": change.epoch,
        "n": change.n,
    }
