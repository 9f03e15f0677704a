"""Making views: each table of the archive gets its views in Glue, through Athena."""

from collections.abc import Callable

from shared.domain.archive_views import View, base_names, views_of
from shared.domain.athena_query import ask
from shared.flows.history.history_setup import HistorySetup
from shared.flows.history.past_table import known_tables


def make_views(setup: HistorySetup, made: Callable[[View], None] = lambda _view: None) -> list[str]:
    """Make the views of every table, or bring them up to date.

    made: is given each view. Returns the tables that have had no change yet, and hence no views.
    Raises QueryError naming the view that could not be made.
    """
    athena = setup.athena
    tables = known_tables(setup)
    places = [(table.source, table.database, table.name) for table in tables]
    names = base_names(places)
    without = []
    for place, table in zip(places, tables, strict=True):
        if not table.versions:
            without.append(table.full_name)
            continue
        for view in views_of(table.source, names[place], table.versions):
            ask(athena, view.sql)
            made(view)
    return without
