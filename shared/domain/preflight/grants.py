"""The rights of the account, as SHOW GRANTS lists them."""

import re
from collections.abc import Iterable

import msgspec

from shared.adapters.database.contract import Server
from shared.values.finding import Finding

_GRANT = re.compile(
    r"^GRANT (?P<rights>.+?) ON (?:TABLE )?(?P<scope>\S+|`.+?`\.(?:\*|`.+?`)) TO ",
    re.IGNORECASE | re.DOTALL,
)
_COLUMNS = re.compile(r"\([^)]*\)")
_MONITOR = ("REPLICATION CLIENT", "BINLOG MONITOR", "SUPER")


class _Rights(msgspec.Struct, frozen=True):
    """Rights on a scope.

    database, table: LIKE patterns; `*` for all.
    """

    rights: frozenset[str]
    database: str
    table: str

    def has(self, *names: str) -> bool:
        return (
            "ALL PRIVILEGES" in self.rights
            or "ALL" in self.rights
            or any(name in self.rights for name in names)
        )


def check_grants(
    server: Server, grants: Iterable[str], tables: Iterable[str], *, gtids: bool
) -> list[Finding]:
    """Check the rights to read the binlog, to ask for its position, and to SELECT captured tables.

    gtids: whether the server has GTIDs. MySQL without them also needs LOCK TABLES.
    """
    held = [rights for grant in grants if (rights := _read(grant))]
    everywhere = [rights for rights in held if rights.database == "*"]
    monitor = "BINLOG MONITOR" if server.flavour == "mariadb" else "REPLICATION CLIENT"
    findings = []
    for name, accepted in (
        ("REPLICATION SLAVE", ("REPLICATION SLAVE", "REPLICATION REPLICA")),
        (monitor, _MONITOR),
    ):
        if any(rights.has(*accepted) for rights in everywhere):
            findings.append(Finding(f"grant {name}", "ok", "granted"))
        else:
            findings.append(
                Finding(
                    f"grant {name}", "fail", "is missing", f"GRANT {name} ON *.* TO this account."
                )
            )
    findings.append(
        _on_tables("SELECT", held, tables, "fail", "its rows cannot be compared or backfilled")
    )
    if server.flavour == "mysql" and not gtids:
        findings.append(
            _on_tables("LOCK TABLES", held, tables, "warn", "a backfill without GTIDs needs it")
        )
    return findings


def _on_tables(
    right: str, held: list[_Rights], tables: Iterable[str], level: str, why: str
) -> Finding:
    lacking = [
        name
        for name in tables
        if not any(rights.has(right) and _covers(rights, name) for rights in held)
    ]
    if not lacking:
        return Finding(f"grant {right}", "ok", "granted on the captured tables")
    database = lacking[0].partition(".")[0]
    more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
    return Finding(
        f"grant {right}",
        level,  # type: ignore[arg-type]
        f"is missing on {lacking[0]}{more}: {why}",
        f"GRANT {right} ON `{database}`.* TO this account.",
    )


def _covers(rights: _Rights, full_name: str) -> bool:
    database, _, table = full_name.partition(".")
    if rights.database == "*":
        return True
    return (rights.database == database or _like(rights.database, database)) and rights.table in (
        "*",
        table,
    )


def _like(pattern: str, name: str) -> bool:
    r"""Whether a name matches the LIKE pattern of a database-level grant.

    `%` is any characters and `_` one character; `\` before either makes it an ordinary one.
    """
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    regex = "".join({"%": ".*", "_": "."}.get(part) or re.escape(part[-1]) for part in parts)
    return re.fullmatch(regex, name, re.DOTALL) is not None


def _read(grant: str) -> _Rights | None:
    match = _GRANT.match(grant)
    if not match:
        return None  # a role, PROXY
    database, _, table = (
        match["scope"].partition("`.")
        if match["scope"].startswith("`")
        else match["scope"].partition(".")
    )
    rights = _COLUMNS.sub("", match["rights"]).upper().split(",")
    return _Rights(
        frozenset(right.strip() for right in rights if right.strip()),
        database.strip("`").replace("``", "`"),
        table.strip("`").replace("``", "`"),
    )
