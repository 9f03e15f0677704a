"""Captured tables: each exists, has distinct rows, and changes only through the binlog."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from shared.adapters.database.contract import Cascade, Server, TableSize, UniqueKey
from shared.domain.preflight.key_checks import TableKeys, check_key
from shared.values.cascades import logs_cascades
from shared.values.counted import counted
from shared.values.did_you_mean import did_you_mean
from shared.values.finding import Finding
from shared.values.message_characters import refused_character
from shared.values.settings import TableSettings, table_settings
from shared.values.table_pattern import TablePatterns

GENERATED_KEPT, GENERATED_LEFT_OUT = (11, 8, 6), (11, 8, 9)
"""Up to the one MariaDB the binlog holds all columns; the other leaves generated ones, stored and
virtual, out of the images of UPDATE and DELETE, whatever binlog_row_image says. Release notes do
not tell: this is what servers did (10.11.18, 11.4.5, 11.8.6 and 11.8.9). What lies between or comes
later may do either.
"""


class TableCatalog(msgspec.Struct, frozen=True):
    """Facts about the tables of a database, by `database.table`.

    sizes, primary, unique: sizes, primary keys and other unique keys of all tables.
    columns, cascades, generated: those of captured tables only.
    precise: tables whose system versioning is transaction-precise.
    """

    sizes: dict[str, TableSize]
    primary: Mapping[str, tuple[str, ...]]
    unique: Mapping[str, Sequence[UniqueKey]]
    columns: Mapping[str, frozenset[str]]
    cascades: Sequence[Cascade]
    generated: Mapping[str, tuple[str, ...]]
    precise: frozenset[str] = frozenset()

    def keys_of(self, name: str) -> TableKeys:
        """The keys of one table."""
        return TableKeys(self.primary.get(name, ()), tuple(self.unique.get(name, ())))


_NOT_THERE = "is not in the database, or the account may not SELECT from it"


def selected_names(sizes: Iterable[TableSize], tables: Mapping[str, TableSettings]) -> list[str]:
    """The tables that the patterns of a source select."""
    capture = TablePatterns(tables)
    return [size.full_name for size in sizes if capture.table(size.database, size.name)]


def check_tables(
    server: Server, catalog: TableCatalog, tables: Mapping[str, TableSettings]
) -> list[Finding]:
    """Give a finding for each pattern that selects nothing, and for each captured table."""
    names = selected_names(catalog.sizes.values(), tables)
    findings = [
        _nothing(pattern, catalog.sizes)
        for pattern in tables
        if not selected_names(catalog.sizes.values(), {pattern: tables[pattern]})
    ]
    for name in names:
        findings += table_problems(server, catalog, name, table_settings(tables, name)) or [
            Finding(
                f"table {name}",
                "ok",
                f"about {counted(catalog.sizes[name].rows, 'row')}",
                table=name,
            )
        ]
    return findings


def refused_tables(findings: Iterable[Finding]) -> dict[str, Finding]:
    """The tables that cannot be captured, each with the first reason.

    A table that is not there yet is none of them: it is captured as soon as it comes.
    """
    refused: dict[str, Finding] = {}
    for finding in findings:
        if finding.table and finding.level == "fail" and finding.what != _NOT_THERE:
            refused.setdefault(finding.table, finding)
    return refused


def table_problems(
    server: Server, catalog: TableCatalog, name: str, settings: TableSettings
) -> list[Finding]:
    """The problems that prevent the capture of a table, or make it incomplete.

    The `stanza` of a finding is a key below the source: `tables.NAME.drop`.
    """
    check = f"table {name}"
    found = check_key(name, catalog.keys_of(name), settings)
    if refused := refused_character(name):
        found.append(
            Finding(
                check,
                "fail",
                f"has {refused} in its name, which SNS and SQS refuse in a message",
                "Rename the table, or leave it out.",
            )
        )
    if name in catalog.columns:
        hidden = {
            **dict.fromkeys(settings.drop, "drop"),
            **dict.fromkeys(settings.mask, "mask"),
            **dict.fromkeys(settings.shard_by, "shardBy"),
        }
        for column in sorted(hidden.keys() - catalog.columns[name]):
            found.append(
                Finding(
                    check,
                    "fail",
                    f"has no column {column}, which {hidden[column]} names",
                    f"{did_you_mean(column, catalog.columns[name])}Correct or remove it.",
                    blocks_start_only=True,
                    stanza=f"tables.{name}.{hidden[column]}",
                )
            )
    if name in catalog.precise:
        found.append(
            Finding(
                check,
                "fail",
                "has transaction-precise system versioning: MariaDB logs its changes as "
                "statements, whatever binlog_format says",
                "Version it by time, with row start and row end as TIMESTAMP(6), or leave it out.",
            )
        )
    engine = catalog.sizes[name].engine
    if engine.lower() not in ("innodb", "xtradb", "ndbcluster", "rocksdb", "myrocks"):
        found.append(
            Finding(
                check,
                "warn",
                f"has engine {engine}, which knows no transactions: a crash may leave it and the "
                "binlog apart",
                "ALTER TABLE … ENGINE=InnoDB.",
            )
        )
    found += _generated(check, name, server, catalog.generated.get(name, ()), settings)
    logged = logs_cascades(server.flavour, server.version)
    cascades = [] if logged else [cascade for cascade in catalog.cascades if cascade.table == name]
    found += [
        _cascade(check, name, cascade, accepted=settings.accept_cascades) for cascade in cascades
    ]
    return [
        msgspec.structs.replace(
            one, table=name, stanza=one.stanza or (f"tables.{name}" if one.level == "fail" else "")
        )
        for one in found
    ]


def _generated(
    check: str, name: str, server: Server, columns: Sequence[str], settings: TableSettings
) -> list[Finding]:
    placing = {*settings.key, *settings.shard_by}
    wanted = [column for column in columns if column not in settings.drop or column in placing]
    if server.flavour != "mariadb" or server.version <= GENERATED_KEPT or not wanted:
        return []
    known = server.version[:2] == GENERATED_LEFT_OUT[:2] and server.version >= GENERATED_LEFT_OUT
    how = "leaves" if known else "may leave"
    fix = (
        "Drop them in the stanza, tables: "
        f"{{{name}: {{drop: [{', '.join(dict.fromkeys((*settings.drop, *wanted)))}]}}}}; "
        "consumers then do not get them."
    )
    if used := [column for column in wanted if column in placing]:
        fix += f" Name other columns than {', '.join(used)} under key and shardBy."
    return [
        Finding(
            check,
            "fail" if known else "warn",
            f"has generated columns ({', '.join(wanted)}), which MariaDB {server.version_text} "
            f"{how} out of updates and deletes in the binlog",
            fix,
            blocks_start_only=True,
        )
    ]


def _cascade(check: str, name: str, cascade: Cascade, *, accepted: bool) -> Finding:
    what = (
        f"is changed by foreign key {cascade.constraint} ({cascade.action} of "
        f"{cascade.parent}), which the server does not write to the binlog"
    )
    after = "run `rowline verify --repair` after such deletions"
    if accepted:
        return Finding(check, "warn", what, f"You accepted that: {after}.")
    return Finding(
        check,
        "fail",
        what,
        "Delete the children in the application and drop the cascade; or accept it in the "
        f"stanza, tables: {{{name}: {{acceptCascades: true}}}}, and {after}.",
    )


def _nothing(pattern: str, names: Iterable[str]) -> Finding:
    if "*" in pattern:
        return Finding(
            f"tables {pattern}",
            "warn",
            "matches no table that exists now",
            "New tables are captured when they are created. Check the name if you expected some.",
        )
    return Finding(
        f"table {pattern}",
        "fail",
        _NOT_THERE,
        f"{did_you_mean(pattern, names)}Correct its name, or grant SELECT. `rowline tables` lists "
        "the tables that the account sees.",
        blocks_start_only=True,
        stanza=f"tables.{pattern}",
        table=pattern,
    )
