"""Source check: what a source's database says of the stanza, and which tables it holds."""

from contextlib import closing

import msgspec

from shared.adapters.database.contract import Database
from shared.domain.preflight import check_source
from shared.domain.preflight.inspection import read_catalog
from shared.domain.preflight.table_checks import selected_names
from shared.domain.received_table import ReceivedTable, received_table
from shared.domain.server_identity import who_answers
from shared.flows.health.declared_stage import DeclaredStage, not_asked
from shared.values.errors import RowlineError
from shared.values.finding import Finding
from shared.values.settings import SourceSettings, table_settings
from shared.values.stream import relay_of

Tables = dict[str, ReceivedTable]
"""The tables of a source as consumers get them, by name; empty where it cannot be asked."""


class SourceAnswer(msgspec.Struct, frozen=True):
    """What a database says.

    identity: which server it is; empty where it cannot be asked.
    """

    findings: list[Finding]
    tables: Tables = {}
    identity: tuple[str, ...] = ()


def check_database(
    asked: DeclaredStage, source: SourceSettings, lag_s: float | None
) -> SourceAnswer:
    """Compare a source, with the tables of all its relays, with its database.

    lag_s: how far the relay is behind, where that is known.
    """
    try:
        with closing(asked.database(source.name)) as database:
            found = check_source(database, source, lag_seconds=lag_s)
            return SourceAnswer(
                [_of_relay(finding, source) for finding in found],
                _tables(database, source),
                who_answers(database),
            )
    except RowlineError as error:
        return SourceAnswer([not_asked(f"source {source.name}", error)])


def _tables(database: Database, source: SourceSettings) -> Tables:
    catalog = read_catalog(database, source)
    tables = {}
    for name in selected_names(catalog.sizes.values(), source.tables):
        size = catalog.sizes[name]
        if table := database.describe(size.database, size.name):
            tables[name] = received_table(
                table, table_settings(source.tables, name), catalog.keys_of(name)
            )
    return tables


def _of_relay(finding: Finding, source: SourceSettings) -> Finding:
    """The stanza of a table that another relay of the source captures is that relay's."""
    if finding.table not in source.elsewhere:
        return finding
    entry = relay_of(source.elsewhere[finding.table])
    inside = finding.stanza.removeprefix(f"sources.{source.name}.")
    return msgspec.structs.replace(finding, stanza=f"sources.{entry}.{inside}")
