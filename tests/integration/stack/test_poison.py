"""Poison in every position of a message, with other rows in its group, in both orderings."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.stage import Stage
from tests.integration.stack.conftest import DeployedStack
from tests.integration.stack.poison_orders import (
    BAD,
    COLUMNS,
    CONSUMERS,
    TABLE,
    insert,
    mappings,
)
from tests.tier import TIER

REASON_DAY = ("--where", "reason~day")
ROWS = 10
"""In a message. It may hold one more poison position than rows: none of them."""


def parked(stage: Stage, consumer: str) -> dict[int, str]:
    """Id → the operations of its parked changes, in their order."""
    found: dict[int, str] = {}
    for one in sorted(stage.state.parked.all(consumer), key=lambda each: each.seq):
        id = json.loads(one.key)["id"]
        found[id] = found.get(id, "") + one.op
    return found


def ids(stack: DeployedStack, consumer: str) -> set[int]:
    """The documents of a consumer."""
    return {int(one.id) for one in stack.search().scan(f"orders-{consumer}")}


def begin(stack: DeployedStack) -> Stage:
    """No rows, nothing parked and empty indexes, also where a run is repeated."""
    with stack.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {TABLE}")
    index, stage = stack.servers.server("elasticsearch"), stack.open()
    for name in CONSUMERS:
        stack.wait("the deletions are handled", lambda name=name: idle(stack, stage, name))
        if parked(stage, name):
            stack.rowline("parked", "drop", name, "--yes")
        for former in index.request("GET", f"/orders-{name}*"):
            index.request("DELETE", f"/{former}")
        body = {"aliases": {f"orders-{name}": {}}, "mappings": mappings(lenient=False)}
        settings = {"index.gc_deletes": "1s"}
        index.request("PUT", f"/orders-{name}-000001", {**body, "settings": settings})
    return stage


def idle(stack: DeployedStack, stage: Stage, consumer: str) -> bool:
    """Whether everything that was committed has gone through the queue."""
    with stack.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW MASTER STATUS")
        file, offset = cursor.fetchone()[:2]
    point = stage.state.streams.load("shop")[1]
    reached = point is not None and (point.position.file, point.position.offset) >= (file, offset)
    return reached and all(stage.queue(consumer).depth() == (0, 0) for _ in range(3))


def fix_mappings(stack: DeployedStack) -> None:
    fields = mappings(lenient=True)["properties"]
    del fields["paid"]
    for name in CONSUMERS:
        stack.servers.server("elasticsearch").request(
            "PUT", f"/orders-{name}/_mapping", {"properties": fields}
        )


def changes(stack: DeployedStack, write: Callable[[Any], None]) -> None:
    with stack.connect() as connection, connection.cursor() as cursor:
        connection.autocommit(False)
        write(cursor)
        connection.commit()


@pytest.mark.soak
def test_exactly_the_poison_is_parked_and_a_redrive_makes_the_indexes_equal(
    stack: DeployedStack,
) -> None:
    stage = begin(stack)
    messages = TIER.poison_messages
    poison = {n * ROWS + n: "c" for n in range(messages) if n < ROWS}
    for message in range(messages):  # the poison is the first, the second … of a message, or none
        rows = range(message * ROWS, (message + 1) * ROWS)
        content = {id: {"amount": BAD["amount"]} if id in poison else {} for id in rows}
        changes(stack, lambda cursor, content=content: insert(cursor, 2, content))
    others = set(range(messages * ROWS)) - poison.keys()
    for name in CONSUMERS:
        stack.wait("exactly the poison is parked", lambda name=name: parked(stage, name) == poison)
        stack.wait("all others are applied", lambda name=name: ids(stack, name) == others)

    first, second, third = sorted(poison)[:3]

    def newer(cursor: Any) -> None:
        cursor.execute(f"UPDATE {TABLE} SET amount = '5' WHERE id = {first}")
        cursor.execute(f"DELETE FROM {TABLE} WHERE id IN ({second}, {third})")
        cursor.execute(f"INSERT INTO {TABLE} (id, grp, amount) VALUES ({third}, 2, '6')")

    changes(stack, newer)
    joined = {**poison, first: "cu", second: "cd", third: "cdc"}
    stack.wait("later changes joined", lambda: parked(stage, "every") == joined)
    stack.wait("or passed", lambda: ids(stack, "latest") == others | {first, third})
    assert parked(stage, "latest") == poison
    if TIER.name == "soak":
        assert stack.rowline("redrive", "every", "--yes", check=False).returncode == 1
        assert parked(stage, "every") == joined
    fix_mappings(stack)
    if TIER.name == "soak":  # it forgets which documents were deleted
        server = stack.servers.server("elasticsearch")
        server.stop()
        server.start()
    for name in CONSUMERS:
        stack.rowline("redrive", name, "--yes")
        stack.verified(name)


@pytest.mark.soak
@pytest.mark.skipif(TIER.name != "soak", reason="many commands; make soak has the time for them")
def test_a_selective_redrive_touches_what_is_selected_and_survives_a_kill(
    stack: DeployedStack,
) -> None:
    """Twenty changes a group are parked, for one of four reasons each."""
    stage = begin(stack)
    groups = 10
    for group in range(groups):
        rows = {
            group * 100 + n: {COLUMNS[n % 4]: BAD[COLUMNS[n % 4]]} if n < 20 else {}
            for n in range(60)
        }
        changes(stack, lambda cursor, group=group, rows=rows: insert(cursor, group, rows))
    parks = stage.state.parked
    stack.wait("all poison is parked", lambda: len(parked(stage, "latest")) == 20 * groups)
    stack.wait("all others are applied", lambda: len(ids(stack, "latest")) == 40 * groups)
    held = {one.id: one.message for one in parks.all("latest")}
    chosen = {id for id, message in held.items() if "[day]" in message}
    assert len(chosen) == 5 * groups
    fix_mappings(stack)
    reasons = json.loads(stack.rowline("parked", "list", "latest", "--json").stdout)["groups"]
    assert [group["count"] for group in reasons] == [5 * groups] * 4
    redrive = stack.project.start("rowline", "redrive", "latest", "--yes", *REASON_DAY)
    jobs = stage.state.jobs
    stack.wait("it has begun", lambda: jobs.current("latest", "redrive") is not None)
    redrive.kill()
    redrive.wait()
    stack.rowline("redrive", "latest", "--yes", *REASON_DAY, check=False)
    stack.wait("they are redriven", lambda: not chosen & {one.id for one in parks.all("latest")})
    assert {one.id for one in parks.all("latest")} == held.keys() - chosen
    assert len(ids(stack, "latest")) == 45 * groups

    def repair(cursor: Any) -> None:
        cursor.execute(f"UPDATE {TABLE} SET paid = 'true' WHERE paid = 'perhaps'")

    changes(stack, repair)
    stack.wait("the rows are repaired", lambda: len(ids(stack, "latest")) == 50 * groups)
    assert f"{5 * groups} superseded" in stack.rowline("redrive", "latest", "--yes").stdout
    stack.verified("latest")
