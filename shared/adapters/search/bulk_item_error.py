"""Bulk item error: whether what one item of a bulk met is transient, refused or superseded."""

from typing import Any

from shared.adapters.search.contract import Result

_NOT_THE_CHANGES_FAULT = frozenset(
    # A blocked, closed or forbidden index: an operator's matter, over when the operator is done.
    (
        "cluster_block_exception",
        "index_closed_exception",
        "security_exception",
        "circuit_breaking_exception",
        "es_rejected_execution_exception",
    )
)


def result_of_item(item: dict[str, Any]) -> Result:
    """The fate of one item of a bulk answer ({status, error?: {type, reason}}).

    An item without an error did what was asked; a delete of what is not there answers 404 and
    leaves a tombstone with its version. Source: Elasticsearch reference, "Bulk API"; the type of
    each status was seen on 8.19.
    """
    error = item.get("error")
    if error is None:
        return Result("applied")
    kind, status = error["type"], item["status"]
    reason = f"{kind}: {error.get('reason', '')}"
    if kind == "version_conflict_engine_exception":
        return Result("superseded", kind)
    if kind == "index_not_found_exception":
        return Result("missing", reason)
    if status == 429 or status >= 500 or kind in _NOT_THE_CHANGES_FAULT:
        return Result("transient", reason, rejected=status == 429)
    return Result("refused", reason)
