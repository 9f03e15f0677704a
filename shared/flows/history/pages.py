"""Pages of many rows: a table at a time, changes of a while, changes of a transaction."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from shared.adapters.athena.contract import QueryParameter, text_parameters
from shared.domain.archived_change import TRUNCATE, Archived
from shared.domain.athena_query import ask, rows
from shared.flows.history.archive_reach import ArchiveReach, archive_of
from shared.flows.history.history_setup import HistorySetup
from shared.flows.history.page_tokens import MOST, checked_size, page_token, place_of
from shared.flows.history.past_table import PastTable, find_table
from shared.flows.history.row_queries import CHANGE_COLUMNS, OF_TABLE, change_of, select

MOST_BYTES = 4_000_000
"""Of the rows of a page: an answer of Lambda has 6 MB at most. Source: Lambda quotas, "Function
configuration, deployment, and execution"."""


class ChangePage(msgspec.Struct, frozen=True):
    """Some changes in order. next: names the page after it; empty: this is the last.

    archive: None where several sources may be meant.
    """

    changes: list[Archived]
    next: str
    archive: ArchiveReach | None
    scanned: int


def table_at(
    setup: HistorySetup, name: str, at: datetime, most: int = MOST, page: str = ""
) -> ChangePage:
    """The rows of a table at a time, each as the change that made it, in the order of their keys.

    Rows that have not changed since the archive began are missing. Raises ConfigError.
    """
    past = find_table(setup, name)
    archive = archive_of(setup, past.source)
    parameters: list[QueryParameter] = [*of(past), at]
    where = f"{OF_TABLE} AND committed_at <= ? AND op <> 't'"
    after = place_of(page, str)
    if after is not None:
        text, values = text_parameters(after)
        where, parameters = f'{where} AND "key" > {text}', [*parameters, *values]
    newest = 'row_number() OVER (PARTITION BY "key" ORDER BY epoch DESC, n DESC) AS newest'
    inner = select(where, f"{CHANGE_COLUMNS}, {newest}")
    gone = select(
        f'{OF_TABLE} AND committed_at <= ? AND "key" = ?',
        "epoch AS gone_epoch, n AS gone_n",
    )
    sql = " ".join(
        (
            "SELECT",
            CHANGE_COLUMNS,
            f"FROM ({inner}) AS kept LEFT JOIN",
            f"({gone} ORDER BY epoch DESC, n DESC LIMIT 1) AS gone ON true",
            "WHERE newest = 1 AND op <> 'd' AND (gone_epoch IS NULL OR epoch > gone_epoch",
            "OR (epoch = gone_epoch AND n > gone_n))",
            f'ORDER BY "key" LIMIT {checked_size(most) + 1}',
        )
    )
    return _page(setup, sql, [*parameters, *of(past), at, TRUNCATE], most, archive, by_key=True)


def changes_between(
    setup: HistorySetup,
    name: str,
    since: datetime,
    until: datetime,
    most: int = MOST,
    page: str = "",
) -> ChangePage:
    """The changes of a table that were committed from a time on, and before another.

    Raises ConfigError.
    """
    past = find_table(setup, name)
    where = f"{OF_TABLE} AND committed_at >= ? AND committed_at < ?"
    parameters: list[QueryParameter] = [*of(past), since, until]
    archive = archive_of(setup, past.source)
    return _ordered(setup, where, parameters, most, page, archive)


def changes_of_transaction(
    setup: HistorySetup, transaction: str, most: int = MOST, page: str = ""
) -> ChangePage:
    """The changes of a transaction, of all tables. Raises ConfigError."""
    text, values = text_parameters(transaction)
    return _ordered(setup, f"tx_id = {text}", list(values), most, page, None)


def of(table: PastTable) -> list[QueryParameter]:
    """The parameters of `OF_TABLE`."""
    return [table.source, table.database, table.name]


def _ordered(
    setup: HistorySetup,
    where: str,
    parameters: list[QueryParameter],
    most: int,
    page: str,
    archive: ArchiveReach | None,
) -> ChangePage:
    after = place_of(page, tuple[int, int, str])
    if after is not None:
        epoch, n, stream = after
        where += " AND (epoch > ? OR (epoch = ? AND n > ?) OR (epoch = ? AND n = ? AND stream > ?))"
        parameters = [*parameters, epoch, epoch, n, epoch, n, stream]
    sql = f"{select(where)} ORDER BY epoch, n, stream LIMIT {checked_size(most) + 1}"
    return _page(setup, sql, parameters, most, archive, by_key=False)


def _page(
    setup: HistorySetup,
    sql: str,
    parameters: Sequence[QueryParameter],
    most: int,
    archive: ArchiveReach | None,
    by_key: bool,
) -> ChangePage:
    athena = setup.athena
    done = ask(athena, sql, parameters)
    found: list[Archived] = []
    size, more = 0, False
    for row in rows(athena, done.id):
        size += sum(len(value) for value in row if value is not None)
        if len(found) == most or (found and size > MOST_BYTES):
            more = True
            break
        found.append(change_of(row))
    last = found[-1] if more else None
    following = ""
    if last is not None:
        following = page_token(last.key if by_key else (last.epoch, last.n, last.stream))
    return ChangePage(found, following, archive, done.scanned)
