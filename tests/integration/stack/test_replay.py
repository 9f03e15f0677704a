"""A replay on a deployed stack: from the archive's function through the jobs function and the
queue into the index.
"""

import json
import time
import uuid

from shared.adapters.search.contract import Action
from tests.integration.stack.conftest import CONSUMER, DeployedStack

TABLE, ALIAS = "market.sellers", "market-sellers"


def added(stack: DeployedStack, names: list[str], domain: str = "") -> list[int]:
    """Rows of a test's own, changed once each. domain: of their addresses."""
    ids = []
    with stack.connect() as connection, connection.cursor() as cursor:
        for name in names:
            cursor.execute(
                "INSERT INTO market.sellers (name, email, country, joined) "
                "VALUES ('new', %s, 'DE', '2026-01-01')",
                (f"{uuid.uuid4().hex}@{domain}.example.org",),
            )
            ids.append(int(cursor.lastrowid))
            cursor.execute("UPDATE market.sellers SET name = %s WHERE id = %s", (name, ids[-1]))
    return ids


def changes_of(stack: DeployedStack, key: int) -> int:
    """How many changes of a row the archive has."""
    stack.rowline("archive", "commit")
    return len(json.loads(stack.rowline("history", TABLE, str(key), "--json").stdout)["changes"])


def test_what_a_bug_wrote_is_right_again_and_deleted_rows_stay_deleted(
    stack: DeployedStack,
) -> None:
    began = time.time()
    domain = uuid.uuid4().hex
    kept, later, gone = added(stack, ["kept", "later", "gone"], domain)
    stack.wait("the rows are archived", lambda: changes_of(stack, gone) == 2)
    ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    time.sleep(1.1)  # commit times of MariaDB are whole seconds
    with stack.connect() as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE market.sellers SET name = 'newest' WHERE id = %s", (later,))
        cursor.execute("DELETE FROM market.sellers WHERE id = %s", (gone,))
    stack.wait("the deletion is archived", lambda: changes_of(stack, gone) == 3)
    search = stack.search()
    version = search.versions(ALIAS, [str(kept)])[str(kept)]
    search.bulk([Action(ALIAS, str(kept), version, {"id": kept, "name": "a bug wrote this"})])
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began - 1))
    table = ("--tables", TABLE)
    where = ("--where", f"email~{domain}")
    words = ("replay", CONSUMER, "--from", since, "--to", ended, *table, *where)
    plan = json.loads(stack.rowline(*words, "--json").stdout)
    assert plan["tables"][TABLE]["changes"] == 1
    assert plan["usd"] > 0
    told = stack.rowline(*words, "--yes").stdout
    assert f"{CONSUMER}: 1 change in 1 message" in told
    assert changes_of(stack, kept) == 2, "the topic got nothing, so neither did the archive"
    newest = stack.rowline("replay", CONSUMER, "--from", since, *table, "--key", str(later))
    assert f"{TABLE}: 1 change" in newest.stdout
    stack.verified()


def test_what_cannot_be_is_refused_with_its_reason(stack: DeployedStack) -> None:
    for words, reason in [
        (("nobody", "--from", "1h"), "is not a consumer"),
        ((CONSUMER, "--from", "500d"), "keeps changes for 400 days"),
        ((CONSUMER, "--from", "1h", "--tables", "market.nix"), "is no archived table"),
        ((CONSUMER, "--from", "1h", "--to", "2099-01-01T00:00:00Z"), "later than the archive"),
    ]:
        done = stack.rowline("replay", *words, check=False)
        assert done.returncode != 0
        assert reason in " ".join(done.stderr.split())


def test_an_index_is_filled_from_a_snapshot_and_the_changes_since(stack: DeployedStack) -> None:
    stack.rowline("resync", CONSUMER, "--yes")  # another test may have left a table due
    first, gone = added(stack, ["in the snapshot", "gone"])
    stack.rowline("snapshot", "create", "--tables", TABLE, "--restart")
    with stack.connect() as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE market.sellers SET name = 'changed since' WHERE id = %s", (first,))
        cursor.execute("DELETE FROM market.sellers WHERE id = %s", (gone,))
    (second,) = added(stack, ["after the snapshot"])
    stack.wait("the rows are archived", lambda: changes_of(stack, second) == 2)
    search = stack.search()
    held = search.versions(ALIAS, [str(first), str(second)])
    wrong = [Action(ALIAS, id, version, {"id": int(id)}) for id, version in held.items()]
    search.bulk(wrong)
    told = stack.rowline("backfill", CONSUMER, "--tables", TABLE, "--from", "archive").stdout
    assert "and the changes since" in told
    stack.verified()
