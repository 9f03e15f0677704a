"""Snapshots of a deployed stack, and the erasure of a row from it."""

import json
import uuid

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


def test_an_erased_row_is_gone_and_its_deletion_has_reached_the_consumer(stack: Stack) -> None:
    name = f"Ada {uuid.uuid4()}"
    with stack.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT MAX(id) + 1 FROM market.sellers")
        (key,) = cursor.fetchone()
        cursor.execute("SHOW COLUMNS FROM market.sellers")
        columns = [each[0] for each in cursor.fetchall() if each[0] not in ("id", "name")]
        listed = ", ".join(columns)
        cursor.execute(
            f"INSERT INTO market.sellers (id, name, {listed}) SELECT %s, %s, {listed} FROM "
            "market.sellers ORDER BY id LIMIT 1",
            (key, name),
        )
    row = ("--table", "market.sellers", "--key", str(key))
    stack.wait(
        "the change is archived", lambda: name in stack.rowline("privacy", "export", *row).stdout
    )
    refused = stack.rowline("privacy", "erase", *row, "--yes", check=False)
    assert "Delete them in the source first" in refused.stderr
    with stack.connect() as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM market.sellers WHERE id = %s", (key,))

    def found() -> dict[str, dict[str, str | int]]:
        said = stack.rowline("privacy", "erase", *row, "--json").stdout
        return dict(json.loads(said))

    stack.wait(
        "the deletion is archived and applied",
        lambda: not found()["alive"] and "has taken" in str(found()["consumers"]),
    )
    stack.rowline("privacy", "erase", *row, "--yes")

    def erased() -> bool:
        stack.rowline("privacy", "list")  # continues what waits for a run of the committer
        return found()["counts"] == {"changes": 0, "snapshots": 0, "parked": 0}

    stack.wait("the row is erased", erased)
    assert stack.rowline("privacy", "export", *row).stdout == ""
    assert name not in stack.rowline("privacy", "list").stdout
