"""Snapshots of a deployed stack, and the erasure of a person from everything that it keeps."""

import json
import random
import uuid
from typing import Any

from shared.adapters.search.contract import Action
from tests.integration.stack import poison_orders
from tests.integration.stack.conftest import CONSUMER, DeployedStack
from tests.integration.stack.everything_kept import traces
from tests.worlds.byte_scan import SoughtValues

SELLERS, LISTINGS, ORDERS = "market.sellers", "market.listings", poison_orders.TABLE
INDEXES = {SELLERS: "market-sellers", LISTINGS: "market-listings"}


class PersonInStack:
    """A seller with a listing that is too large for a message, and an order that is refused."""

    def __init__(self) -> None:
        self.key = random.SystemRandom().randrange(1_500_000_000, 2_000_000_000)
        self.name, self.mail = f"Ada {uuid.uuid4()}", f"{uuid.uuid4().hex}@ada.example"
        self.text = uuid.uuid4().hex
        self.values = SoughtValues(self.key, self.name, self.mail, self.text)
        self.row = ("--table", SELLERS, "--key", str(self.key))
        self.rows = (
            *(*self.row, "--related", f"{LISTINGS}.seller_id"),
            *("--related", f"{ORDERS}.grp={LISTINGS}"),
        )

    def insert(self, cursor: Any) -> None:
        cursor.execute(
            f"INSERT INTO {SELLERS} (id, name, email, country, joined) "
            "VALUES (%s, %s, %s, 'DE', '2026-01-01')",
            (self.key, self.name, self.mail),
        )
        large = self.text + random.Random(1).randbytes(300_000).hex()
        columns = copied(cursor, LISTINGS, "id", "seller_id", "title", "description")
        cursor.execute(
            f"INSERT INTO {LISTINGS} (id, seller_id, title, description, {columns}) SELECT %s, %s, "
            f"'Ada', %s, {columns} FROM {LISTINGS} ORDER BY id LIMIT 1",
            (self.key, self.key, large),
        )
        poison_orders.insert(cursor, self.key, {self.key: {"amount": self.name}})

    def delete(self, cursor: Any) -> None:
        for table in (ORDERS, LISTINGS, SELLERS):
            cursor.execute(f"DELETE FROM {table} WHERE id = %s", (self.key,))


def copied(cursor: Any, table: str, *own: str) -> str:
    """The other columns of a table, which may be written."""
    cursor.execute(f"SHOW COLUMNS FROM {table}")
    return ", ".join(
        each[0] for each in cursor.fetchall() if each[0] not in own and "GENERATED" not in each[5]
    )


def others(stack: DeployedStack, person: PersonInStack) -> Any:
    """How many changes of each other row the archive has, as one checksum."""
    table = stack.open().lake.scan(["table", "key", "n", "id", "before", "after"])
    rows = [tuple(row.values()) for batch in table for row in batch.to_pylist()]
    kept = sorted(repr(row) for row in rows if str(person.key) not in row[1])
    return len(kept), hash("".join(kept))


def test_a_person_is_erased_from_everything_that_is_kept(stack: DeployedStack) -> None:
    person = PersonInStack()
    refuse_orders(stack)
    with stack.connect() as connection, connection.cursor() as cursor:
        person.insert(cursor)
    a_snapshot_has_every_row(stack)
    stack.wait(
        "the changes are archived and parked",
        lambda: (
            person.text in stack.rowline("privacy", "export", *person.rows).stdout
            and all(parked(stack, name, person) for name in poison_orders.CONSUMERS)
        ),
    )
    leave_traces(stack, person)
    found = traces(stack, person.values)
    for kind in (
        *("archivebucket", "/lake/data/", "/snapshots/table/data/", "/results/"),
        *("/rows/", "/journal/", "dynamodb:consumer#archiveShop job#"),
        *(f"dynamodb:consumer#{CONSUMER} job#", "dynamodb:consumer#every", "index:"),
    ):
        assert any(kind in place for place in found), (kind, sorted(found))
    with stack.connect() as connection, connection.cursor() as cursor:
        person.delete(cursor)

    def counted() -> dict[str, dict[str, str | int]]:
        return dict(json.loads(stack.rowline("privacy", "erase", *person.rows, "--json").stdout))

    def applied() -> bool:
        said = counted()
        return not said["alive"] and "on their way" not in str(said["consumers"])

    stack.wait("the deletions are archived and applied", applied)
    before = others(stack, person)
    stack.rowline("privacy", "erase", *person.rows, "--yes")
    stack.wait(
        "the rows are erased",  # a list continues what waits for a run of the committer
        lambda: "\n0 erasures are not done" in stack.rowline("privacy", "list").stdout,
    )
    assert others(stack, person) == before
    left = traces(stack, person.values)
    assert {place for place in left if not place.startswith("aws:athena")} == set()
    stack.rowline("archive", "audit")


def a_snapshot_has_every_row(stack: DeployedStack) -> None:
    tables = (SELLERS, LISTINGS)
    stack.rowline("snapshot", "create", "--tables", ",".join(tables), "--restart")
    made = json.loads(stack.rowline("snapshot", "list", "--json").stdout)[-1]
    with stack.connect() as connection, connection.cursor() as cursor:
        for name in tables:
            cursor.execute(f"SELECT COUNT(*) FROM {name}")
            assert made["tables"][name]["rows"] == cursor.fetchone()[0]
            assert made["tables"][name]["ceiling"] >= made["tables"][name]["floor"] > 0
    stack.rowline("snapshot", "verify", made["id"])
    assert made["id"] in stack.rowline("snapshot", "show", made["id"]).stdout


def refuse_orders(stack: DeployedStack) -> None:
    """Indexes whose mapping refuses a text as amount."""
    index = stack.servers.server("elasticsearch")
    for name in poison_orders.CONSUMERS:
        for former in index.request("GET", f"/orders-{name}*"):
            index.request("DELETE", f"/{former}")
        body = {
            "aliases": {f"orders-{name}": {}},
            "mappings": poison_orders.mappings(lenient=False),
        }
        index.request("PUT", f"/orders-{name}-000001", body)


def parked(stack: DeployedStack, consumer: str, person: PersonInStack) -> bool:
    return any(str(person.key) in each.key for each in stack.open().state.parked.all(consumer))


def leave_traces(stack: DeployedStack, person: PersonInStack) -> None:
    """What people do with a row: its history, a verify that finds it different."""
    stack.rowline("history", SELLERS, str(person.key))
    search, id = stack.search(), str(person.key)
    version = search.versions(INDEXES[SELLERS], [id])[id]
    search.bulk([Action(INDEXES[SELLERS], id, version, {"id": person.key, "name": "wrong"})])
    done = stack.rowline("verify", CONSUMER, "--tables", SELLERS, check=False)
    assert done.returncode
