"""Captured tables: each is there, its rows can be told apart, and nothing changes them behind the
binlog's back.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from shared.adapters.database.contract import Cascade, Server, TableSize, UniqueKey
from shared.values.finding import Finding
from shared.values.settings import TableSettings, table_settings
from shared.values.table_pattern import TablePatterns

CASCADES_LOGGED = (9, 6)
"""From this MySQL on the rows that a foreign key deletes or changes are in the binlog. Source:
MySQL 9.6 release notes.
"""

GENERATED_KEPT, GENERATED_LEFT_OUT = (11, 8, 6), (11, 8, 9)
"""Up to the one MariaDB the binlog holds all columns; the other leaves generated ones, stored and
virtual, out of the images of UPDATE and DELETE, whatever binlog_row_image says. Release notes do
not tell: this is what servers did (10.11.18, 11.4.5, 11.8.6 and 11.8.9). What lies between or comes
later may do either.
"""


class TableCatalog(msgspec.Struct, frozen=True):
    """What the database says of its tables, by `database.table`: sizes, primary keys, other unique
    keys; columns, cascades and generated columns of the captured ones.
    """

    sizes: dict[str, TableSize]
    primary: Mapping[str, tuple[str, ...]]
    unique: Mapping[str, Sequence[UniqueKey]]
    columns: Mapping[str, frozenset[str]]
    cascades: Sequence[Cascade]
    generated: Mapping[str, tuple[str, ...]]


def captured_names(sizes: Iterable[TableSize], tables: Mapping[str, TableSettings]) -> list[str]:
    """The tables that the patterns of a source choose."""
    capture = TablePatterns(tables)
    return [size.full_name for size in sizes if capture.table(size.database, size.name)]


def check_tables(
    server: Server, catalog: TableCatalog, tables: Mapping[str, TableSettings]
) -> list[Finding]:
    """One finding for each pattern that chooses nothing, and for each captured table."""
    names = captured_names(catalog.sizes.values(), tables)
    findings = [
        _nothing(pattern)
        for pattern in tables
        if not captured_names(catalog.sizes.values(), {pattern: tables[pattern]})
    ]
    for name in names:
        problems = [*table_problems(server, catalog, name, table_settings(tables, name))]
        findings += problems or [
            Finding(f"table {name}", "ok", f"about {catalog.sizes[name].rows:,} rows")
        ]
    return findings


def table_problems(
    server: Server, catalog: TableCatalog, name: str, settings: TableSettings
) -> list[Finding]:
    """What is in the way of capturing a table."""
    check = f"table {name}"
    found = _key(check, name, catalog, settings)
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
                    f"Correct or remove it under tables: {name} in the stanza.",
                    blocks_start_only=True,
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
    logged = server.flavour == "mysql" and server.version >= CASCADES_LOGGED
    cascades = [] if logged else [cascade for cascade in catalog.cascades if cascade.table == name]
    return found + [
        _cascade(check, name, cascade, accepted=settings.accept_cascades) for cascade in cascades
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
        "consumers then go without them."
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


def _nothing(pattern: str) -> Finding:
    if "*" in pattern:
        return Finding(
            f"tables {pattern}",
            "warn",
            "chooses no table that is there now",
            "New tables are captured when they come. Check the name if you expected some.",
        )
    return Finding(
        f"table {pattern}",
        "fail",
        "is not in the database, or the account may not SELECT from it",
        "Correct its name under tables: in the stanza, or grant SELECT; `rowline tables` "
        "lists what the account sees.",
        blocks_start_only=True,
    )


def _key(check: str, name: str, catalog: TableCatalog, settings: TableSettings) -> list[Finding]:
    unique = [*catalog.unique.get(name, ())]
    if not settings.key:
        if catalog.primary.get(name):
            return []
        usable = [key for key in unique if not key.nullable]
        fix = (
            f"Add a primary key, or put {{key: [{', '.join(usable[0].columns)}]}} behind it in "
            "the stanza."
            if usable
            else "Add a primary key."
        )
        return [
            Finding(
                check,
                "fail",
                "has no primary key, so its rows cannot be told apart",
                fix,
                blocks_start_only=True,
            )
        ]
    if set(settings.key) == set(catalog.primary.get(name, ())):
        return []
    matching = [key for key in unique if set(key.columns) == set(settings.key)]
    if not matching:
        return [
            Finding(
                check,
                "fail",
                f"has no unique index over key [{', '.join(settings.key)}]",
                "Create one, or name the columns of one that is there.",
                blocks_start_only=True,
            )
        ]
    if all(key.nullable for key in matching):
        return [
            Finding(
                check,
                "fail",
                f"has a key [{', '.join(settings.key)}] that may be null",
                "Make its columns NOT NULL.",
                blocks_start_only=True,
            )
        ]
    return []
