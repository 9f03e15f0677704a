"""Key update: an update that changes a row's key or its shard becomes a delete and a create.

The row under its new key is another row for every consumer, and may be in another message group.
"""

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from shared.values.change import Change, Row, Transaction

if TYPE_CHECKING:
    from shared.domain.table_plan import TablePlan


def place_of(key_columns: Iterable[str], shard_columns: Iterable[str]) -> Callable[[Row], Any]:
    """What decides key and shard of a row: an update that changes it is a key update."""
    return itemgetter(*dict.fromkeys((*key_columns, *shard_columns)))


def delete_and_create(
    plan: "TablePlan", id: str, before: Row, after: Row, seq: int, ts_ms: int, tx: str, index: int
) -> tuple[Change, Change]:
    """The two changes of a key update.

    id: of its row event. seq, index: the number of the delete, and its place in the transaction;
    the create has the next ones.
    """
    first, second = Transaction(tx, index, False), Transaction(tx, index + 1, False)
    return (
        Change(f"{id}d", seq, "d", ts_ms, plan.key(before), plan.project(before), None, first),
        Change(f"{id}c", seq + 1, "c", ts_ms, plan.key(after), None, plan.project(after), second),
    )
