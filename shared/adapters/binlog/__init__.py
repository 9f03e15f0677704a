"""The binlog of a source: the contract, and the reader of real servers."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.adapters.binlog.server import ServerBinlog
    from shared.values.source_endpoint import SourceEndpoint


def open_binlog(
    endpoint: "SourceEndpoint",
    tables: Iterable[str] | Callable[[str, str], bool],
    server_id: int,
    *,
    dropped: Callable[[str, str], frozenset[str]] = lambda database, table: frozenset(),
    give_up_seconds: float = 60.0,
) -> "ServerBinlog":
    """The binlog of the server at `endpoint`; connects when it is first asked for something.

    `tables` are patterns `DATABASE.TABLE` with `*` for any characters, or a function (database,
    table) → bool. `dropped` gives the columns of a table that are skipped and appear nowhere. A
    broken connection is retried for `give_up_seconds`.
    """
    from shared.adapters.binlog.server import ServerBinlog
    from shared.values.table_pattern import TablePatterns

    return ServerBinlog(endpoint, TablePatterns(tables), server_id, dropped, give_up_seconds)
