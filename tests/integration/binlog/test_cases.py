"""The cases of tests/cases through `rowline tail`, on real servers."""

import re
from typing import Any

import msgspec
import pymysql
import pytest

from shared.adapters.binlog import open_binlog
from shared.values.source_endpoint import parse
from tests.cases.case import Case, all_cases
from tests.command import run_here

_DUE = re.compile(r"^(?P<name>.+?): .*a backfill is due", re.MULTILINE)


def _parameters() -> list[Any]:
    return [
        pytest.param(
            case,
            server,
            id=f"{case.name}-{server}",
            marks=[pytest.mark.xfail(strict=True, reason=case.not_yet[server])]
            if server in case.not_yet
            else [],
        )
        for case in all_cases()
        for server in case.servers
    ]


@pytest.mark.parametrize(("case", "kind"), _parameters())
def test_case(case: Case, kind: str, request: pytest.FixtureRequest) -> None:
    if case.needs_own_server:
        server = request.getfixturevalue(f"start_{kind}")(*(case.start or "").split())
    else:
        server = request.getfixturevalue(f"quiet_{kind}")
    start = _run(case, kind, server)
    code, lines, noted = _tail(server, start, case)
    changes = [msgspec.json.decode(line) for line in lines]
    shown = [[change[name] for name in ("table", "op", "key", "after")] for change in changes]
    assert len(changes) == len(case.lines), (shown, noted)
    for line, change in zip(case.lines, changes, strict=True):
        assert line.matches(change), (line, change)
    assert {name.partition(".")[2] for name in _DUE.findall(noted)} == case.due, noted
    assert case.error in noted
    assert bool(code) == bool(case.error), noted


def _run(case: Case, kind: str, server: Any) -> str:
    """Run the statements; returns where the reading begins."""
    with server.connect() as admin, admin.cursor() as cursor:
        for name in (case.database, "k2"):
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
            cursor.execute(f"CREATE DATABASE `{name}`")
    start = "earliest" if case.earliest else str(open_binlog(parse(server.url), [], 1).latest())
    connection = server.connect(case.database, charset=case.charset)
    try:
        for step in case.steps:
            if step.only not in ("", kind):
                continue
            if step.sql == "RESTART" or step.connects:
                connection.close()
                if step.sql == "RESTART":
                    server.restart()
                connection = server.connect(case.database, charset=case.charset)
                if step.sql == "RESTART":
                    continue
            with connection.cursor() as cursor:
                if step.fails:
                    with pytest.raises(pymysql.MySQLError):
                        cursor.execute(step.sql)
                else:
                    cursor.execute(step.sql)
    finally:
        connection.close()  # a transaction that is left open would hold its tables
    return start


def _tail(server: Any, start: str, case: Case) -> tuple[int, list[bytes], str]:
    """(exit code, lines, what it says beside them) of the command, as the account that Rowline
    uses.
    """
    words = ["tail", "--until-now", "--from", start]
    for pattern in case.tables:
        words += ["--tables", pattern]
    done = run_here(*words, environment={"ROWLINE_SOURCE": server.reader_url})
    return done.code, done.stdout.splitlines(), done.stderr.decode()
