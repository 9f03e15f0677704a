"""A source that restarts, rotates and purges its binlogs, and a network that breaks off in the
middle of a packet.
"""

import contextlib
from collections.abc import Callable
from typing import Any

import msgspec

from shared.flows.source.reset import reset
from shared.values import source_endpoint
from shared.values.errors import PositionLost, SourceError
from shared.values.seq import split_seq
from tests.integration.binlog.proxy import Proxy
from tests.waiting import wait_for

from . import process
from .process import RelayPlace, Running, job
from .received import Received, check


def text_of(reader: source_endpoint.SourceEndpoint, port: int) -> str:
    return f"mysql://{reader.user}:{reader.password}@{reader.host}:{port}"


def test_restart_rotation_and_cut_connections_change_nothing_and_a_purge_is_an_error_with_a_way_out(
    start_mariadb: Callable[..., Any], stack: Callable[..., RelayPlace]
) -> None:
    server = start_mariadb()
    inserted = 0

    def insert(rows: int) -> None:
        nonlocal inserted
        with server.connect("shop") as connection, connection.cursor() as cursor:
            for _ in range(rows):
                inserted += 1
                cursor.execute("INSERT INTO items VALUES (%s, REPEAT('x', 20000))", (inserted,))
                cursor.execute(
                    "UPDATE items SET note = CONCAT(note, 'y') WHERE id = %s", (inserted,)
                )

    def sql(text: str) -> Any:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(text)
            return cursor.fetchall()

    def purged() -> bool:
        """Not at once: the server keeps what the thread of a connection still reads, until it
        notices that this was closed.
        """
        file = sql("SHOW MASTER STATUS")[0][0]
        sql(f"PURGE BINARY LOGS TO '{file}'")
        return bool(sql("SHOW BINARY LOGS")[0][0] == file)

    sql("CREATE DATABASE shop")
    sql("CREATE TABLE shop.items (id INT PRIMARY KEY, note TEXT)")
    cuts: list[int | None] = [
        None,
        30_000,
        7,
        150_001,
        90_000,
        400_000,
    ]  # the first connection is the preflight's
    with Proxy(server.port, cuts) as proxy:
        place = stack(text_of(source_endpoint.parse(server.reader_url), proxy.port), "shop.items")
        with Received(place.queue) as received, contextlib.ExitStack() as relays:
            running = relays.enter_context(Running(job(place, "one")))
            wait_for(lambda: place.streams().load(process.SOURCE)[1])
            insert(20)
            sql("FLUSH BINARY LOGS")
            insert(5)
            server.stop()
            wait_for(lambda: "error" in place.streams().load(process.SOURCE)[0].figures, seconds=20)
            server.start()
            insert(5)
            wait_for(lambda: len(received.changes()) == 2 * inserted)
            assert running.stop() == "stopped"
            changes = received.changes()
            check(changes)
            assert [change.op for change in sorted(changes, key=lambda each: each.seq)] == [
                "c",
                "u",
            ] * inserted
            assert proxy.accepted > len(cuts)

            insert(1)  # nobody will ever see this one
            sql("FLUSH BINARY LOGS")
            wait_for(purged)
            lost = Running(job(place, "two")).result()
            assert isinstance(lost, PositionLost)
            assert "rowline source reset" in str(lost)
            lease, old = place.streams().load(process.SOURCE)
            assert (lease.holder, lease.figures["error"]) == ("", str(lost))
            assert old is not None

            assert reset(job(place, "person"), "latest", now_ms=0)[1].epoch == old.epoch + 1
            running = relays.enter_context(Running(job(place, "three")))
            insert(1)
            wait_for(lambda: len(received.changes()) == len(changes) + 2)
            assert running.stop() == "stopped"
        check(received.changes())
        assert [
            split_seq(change.seq) for change in received.changes() if change.key == {"id": inserted}
        ] == [
            (old.epoch + 1, 1),
            (old.epoch + 1, 2),
        ]


def test_a_source_that_cannot_work_is_refused_and_a_table_that_cannot_stops_alone(
    start_mariadb: Callable[..., Any], stack: Callable[..., RelayPlace]
) -> None:
    server = start_mariadb("--binlog-row-image=MINIMAL")
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE shop")
        cursor.execute("CREATE TABLE shop.items (id INT PRIMARY KEY)")
        cursor.execute(
            "CREATE TABLE shop.child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES "
            "shop.items (id) ON DELETE CASCADE)"
        )
        place = stack(server.reader_url, "shop.child")
        error = Running(job(place, "one")).result()
        assert isinstance(error, SourceError)
        assert str(error).startswith("binlog_row_image: is MINIMAL")
        lease, checkpoint = place.streams().load(process.SOURCE)
        assert (lease.holder, lease.figures["error"], checkpoint) == ("", str(error), None)

        cursor.execute("SET GLOBAL binlog_row_image = 'FULL'")
        with Running(job(place, "two")):
            wait_for(lambda: place.streams().load(process.SOURCE)[1])
        stopped = place.streams().load(process.SOURCE)[1]
        assert stopped.whole.stopped == ("shop.child",)
        assert "shop.child: {acceptCascades: true}" in stopped.stopped["shop.child"].fix

        place = msgspec.structs.replace(place, tables={"shop.child": {"acceptCascades": True}})
        with Running(job(place, "three")):
            wait_for(lambda: not place.streams().load(process.SOURCE)[1].whole.stopped)
