"""Parked changes on a deployed stack: a real mapping refuses them, a redrive brings equality."""

import json

from tests.integration.stack.conftest import CONSUMER, Stack

INDEX = "prices-of-ours"
NOTE = {"type": "long", "ignore_malformed": False}


def test_what_a_mapping_refuses_is_parked_and_redriven_after_the_fix(stack: Stack) -> None:
    index = stack.servers.server("elasticsearch")
    mappings = {"dynamic": False, "properties": {"note": NOTE}}
    settings = {"index.gc_deletes": "1s"}
    body = {"aliases": {"market-prices": {}}, "mappings": mappings, "settings": settings}
    for former in index.request("GET", "/_alias/market-prices"):
        index.request("DELETE", f"/{former}")
    index.request("PUT", f"/{INDEX}", body)
    bad = [3, 7, 11, 15, 19, 23]
    with stack.connect() as connection, connection.cursor() as cursor:
        rows = [(900_000 + n, "no number" if n in bad else str(n)) for n in range(1, 101)]
        cursor.executemany(
            "INSERT INTO market.prices (listing_id, currency, amount, valid_from, note) "
            "VALUES (%s, 'EUR', 1, '2026-01-01', %s)",
            rows,
        )
        cursor.execute("UPDATE market.prices SET note = '7' WHERE listing_id = 900007")
        cursor.execute("DELETE FROM market.prices WHERE listing_id = 900011")
        cursor.execute("UPDATE market.prices SET note = 'neither' WHERE listing_id = 900050")
    state = stack.open().state
    stack.wait(
        "the refused changes are parked and the others applied",
        lambda: (
            len(list(state.parked.all(CONSUMER))) >= 7
            and stack.open().queue(CONSUMER).depth() == (0, 0)
        ),
    )
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

    again = stack.rowline("redrive", CONSUMER, "--where", "key=900003,EUR", "--yes", check=False)
    assert again.returncode == 1
    assert "1 parked again" in again.stdout

    index.request(
        "PUT", f"/{INDEX}/_mapping", {"properties": {"note": {**NOTE, "ignore_malformed": True}}}
    )
    index.stop()
    index.start()
    assert "would be applied" in stack.rowline("redrive", CONSUMER).stdout
    done = stack.rowline("redrive", CONSUMER, "--yes")
    assert "superseded" in done.stdout
    found = stack.search().scan("market-prices")
    ids = [one.id for one in found]
    assert len(ids) == 99
    assert list(state.parked.all(CONSUMER)) == []
    jobs = stack.rowline("jobs", "list").stdout
    assert "redrive" in jobs
