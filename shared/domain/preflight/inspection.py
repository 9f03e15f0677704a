"""Reads the facts that the checks need from the database, and runs all checks."""

import msgspec

from shared.adapters.database.contract import Database
from shared.domain.preflight.grants import check_grants
from shared.domain.preflight.server_settings import (
    VARIABLES,
    check_binlog_filters,
    check_retention,
    check_server,
)
from shared.domain.preflight.table_checks import TableCatalog, check_tables, selected_names
from shared.values.finding import Finding
from shared.values.settings import SourceSettings, table_settings


def check_source(
    database: Database, source: SourceSettings, *, lag_seconds: float | None = None
) -> list[Finding]:
    """Check everything about a source that the relay depends on.

    Raises SourceUnavailable and SourceError when the database does not answer the questions.
    """
    server, variables = database.server(), database.variables(*VARIABLES)
    catalog = read_catalog(database, source)
    names = selected_names(catalog.sizes.values(), source.tables)
    findings = check_server(server, variables)
    if findings[-1].thing != "log_bin":
        rds_hours = database.retention_hours() if server.managed else None
        findings.append(check_retention(server, variables, rds_hours, lag_seconds))
    grants = check_grants(
        server, database.grants(), names, gtids=variables.get("gtid_mode") == "ON"
    )
    if all(one.level == "ok" for one in grants if one.thing != "grant SELECT"):
        findings.append(check_binlog_filters(database.binlog_filters(), names))
    tables = check_tables(server, catalog, source.tables)
    return [*findings, *grants, *(_placed(one, source) for one in tables)]


def _placed(finding: Finding, source: SourceSettings) -> Finding:
    """The finding with its whole key; a database without a stanza has no keys."""
    stanza = f"sources.{source.name}.{finding.stanza}" if source.secret and finding.stanza else ""
    return msgspec.structs.replace(finding, stanza=stanza)


def read_catalog(database: Database, source: SourceSettings) -> TableCatalog:
    """Read the catalog of the database.

    Columns, foreign keys and generated columns are those of the captured tables only.
    """
    sizes = {size.full_name: size for size in database.sizes()}
    names = selected_names(sizes.values(), source.tables)
    columns = {}
    for name in names:
        settings = table_settings(source.tables, name)
        if settings.drop or settings.mask or settings.shard_by:
            table = database.describe(sizes[name].database, sizes[name].name)
            columns[name] = (
                frozenset(column.name for column in table.columns) if table else frozenset()
            )
    return TableCatalog(
        sizes,
        database.primary_keys(),
        database.unique_keys(),
        columns,
        database.cascades(names),
        database.generated(names),
        database.precise(),
    )
