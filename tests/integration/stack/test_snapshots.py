"""Snapshots of a deployed stack: the rows of its source, as they were."""

import json

from tests.integration.stack.conftest import Stack


def test_a_snapshot_has_every_row_and_is_verified(stack: Stack) -> None:
    tables = ("market.sellers", "market.listings")
    stack.rowline("snapshot", "create", "--tables", ",".join(tables), "--restart")
    found = json.loads(stack.rowline("snapshot", "list", "--json").stdout)
    made = found[-1]
    with stack.connect() as connection, connection.cursor() as cursor:
        for name in tables:
            cursor.execute(f"SELECT COUNT(*) FROM {name}")
            assert made["tables"][name]["rows"] == cursor.fetchone()[0]
            assert made["tables"][name]["ceiling"] >= made["tables"][name]["floor"] > 0
    stack.rowline("snapshot", "verify", made["id"])
    assert made["id"] in stack.rowline("snapshot", "show", made["id"]).stdout
