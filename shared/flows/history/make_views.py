"""Making views: each table of the archive gets its views in Glue, through Athena."""

from collections.abc import Callable

import msgspec

from shared.adapters.athena.contract import QueryError
from shared.domain.archive_views import View, base_names, views_of
from shared.domain.athena_query import ask
from shared.flows.history.history_setup import HistorySetup
from shared.flows.history.past_table import known_tables

MOST_BYTES = 262_144
"""Of a query. Source: Amazon Athena user guide, "Service Quotas", "Query string length"."""


class RefusedView(msgspec.Struct, frozen=True):
    """A view that could not be made."""

    name: str
    table: str
    reason: str


class ViewsMade(msgspec.Struct, frozen=True):
    """without: tables that have had no change yet, and hence no views. refused: views."""

    without: list[str]
    refused: list[RefusedView]


def make_views(setup: HistorySetup, made: Callable[[View], None] = lambda _view: None) -> ViewsMade:
    """Make the views of every table, or bring them up to date.

    made: is given each view. A view that cannot be made does not stop the others.
    """
    tables = known_tables(setup)
    places = [(table.source, table.database, table.name) for table in tables]
    names = base_names(places)
    done = ViewsMade([], [])
    for place, table in zip(places, tables, strict=True):
        if not table.versions:
            done.without.append(table.full_name)
            continue
        for view in views_of(table.source, names[place], table.versions):
            reason = _problem(setup, view)
            if reason:
                done.refused.append(RefusedView(view.name, view.table, reason))
            else:
                made(view)
    return done


def _problem(setup: HistorySetup, view: View) -> str:
    """Make a view; why it cannot be made, empty when it was."""
    size = len(view.sql.encode())
    if size > MOST_BYTES:
        return f"its text has {size:,} bytes, and Athena takes {MOST_BYTES:,}."
    try:
        ask(setup.athena, view.sql)
    except QueryError as error:
        return str(error)
    return ""
