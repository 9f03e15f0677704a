"""Parked changes on a deployed stack: a real mapping refuses them, a redrive brings equality."""

import json

from shared.adapters.search.contract import Action
from tests.integration.stack.conftest import CONSUMER, DeployedStack

INDEX = "prices-of-ours"
NOTE = {"type": "long", "ignore_malformed": False}


def test_what_a_mapping_refuses_is_parked_and_redriven_after_the_fix(stack: DeployedStack) -> None:
    index = stack.servers.server("elasticsearch")
    mappings = {"dynamic": False, "properties": {"note": NOTE}}
    settings = {"index.gc_deletes": "1s"}
    body = {"aliases": {"market-prices": {}}, "mappings": mappings, "settings": settings}
    for former in index.request("GET", "/_alias/market-prices"):
        index.request("DELETE", f"/{former}")
    index.request("PUT", f"/{INDEX}", body)
    bad = {3, 7, 11, 15, 19, 23}
    state = stack.open().state

    def parked_rows() -> set[int]:
        rows = {
            json.loads(change.key)["listing_id"] - 900_000 for change in state.parked.all(CONSUMER)
        }
        return rows if stack.open().queue(CONSUMER).depth() == (0, 0) else set()

    with stack.connect() as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM market.prices WHERE listing_id > 900000")
        rows = [(900_000 + n, "no number" if n in bad else str(n)) for n in range(1, 101)]
        cursor.executemany(
            "INSERT INTO market.prices (listing_id, currency, amount, valid_from, note) "
            "VALUES (%s, 'EUR', 1, '2026-01-01', %s)",
            rows,
        )
        # A batch sends only the newest change of a row: later changes come after the first parked.
        stack.wait("the refused rows are parked", lambda: parked_rows() >= bad)
        cursor.execute("UPDATE market.prices SET note = '7' WHERE listing_id = 900007")
        cursor.execute("DELETE FROM market.prices WHERE listing_id = 900011")
        cursor.execute("UPDATE market.prices SET note = 'neither' WHERE listing_id = 900050")
    stack.wait("the refused update is parked too", lambda: parked_rows() >= {*bad, 50})
    listed = json.loads(stack.rowline("parked", "list", CONSUMER, "--json").stdout)
    (group,) = listed["groups"]
    assert group["table"] == "market.prices"
    assert "no number" not in group["reason"]
    status = stack.rowline("status", check=False).stdout
    assert f"next: rowline parked list {CONSUMER}" in status
    assert (
        "failed to parse"
        in stack.rowline("parked", "show", CONSUMER, "--where", "key=900003,EUR").stdout
    )

    assert where(stack, 900003) == "parked"

    again = stack.rowline("redrive", CONSUMER, "--where", "key=900003,EUR", "--yes", check=False)
    assert again.returncode == 1
    assert "1 parked again" in again.stdout

    index.request(
        "PUT", f"/{INDEX}/_mapping", {"properties": {"note": {**NOTE, "ignore_malformed": True}}}
    )
    assert "would be applied" in stack.rowline("redrive", CONSUMER).stdout
    done = stack.rowline("redrive", CONSUMER, "--yes")
    assert "superseded" in done.stdout
    found = stack.search().scan("market-prices")
    ids = [one.id for one in found]
    assert len(ids) == 99
    assert list(state.parked.all(CONSUMER)) == []
    jobs = stack.rowline("jobs", "list").stdout
    assert "redrive" in jobs
    a_superseded_change_is_traced(stack)


def a_superseded_change_is_traced(stack: DeployedStack) -> None:
    """Its sink holds a newer version of the row."""
    search, name = stack.search(), "market-prices"
    (held,) = [one for one in search.scan(name) if "900001" in one.id]
    newer = held.version + (1 << 30)
    assert search.bulk([Action(name, held.id, newer, {"note": 1})])[0].kind == "applied"
    with stack.connect() as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE market.prices SET note = note + 1 WHERE listing_id = 900001")
        stack.wait("the change is superseded", lambda: where(stack, 900001) == "superseded")
        cursor.execute("DELETE FROM market.prices WHERE listing_id = 900001")
    search.bulk([Action(name, held.id, newer + 1, None)])


def where(stack: DeployedStack, key: int) -> str:
    """The place of the newest change of a row, as `rowline trace` says it."""
    words = ("--key", f"market.prices:{key},EUR", "--consumer", CONSUMER, "--json")
    (found,) = json.loads(stack.rowline("trace", *words).stdout)["consumers"]
    return str(found["where"])
