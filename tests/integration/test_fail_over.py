"""A replica that lacks the primary's last transactions takes over: what was published of them is
listed, and consumers end with what the new primary holds.
"""

from collections.abc import Callable
from typing import Any

import pytest

from shared.values import source_endpoint
from shared.values.seq import split_seq
from shared.values.settings import SourceSettings, TableSettings
from tests.integration.relay_faults.process import Running
from tests.waiting import wait_for
from tests.worlds.memory_stage import MemoryStage

TABLES = ("shop.listings", "shop.photos")


class Pair:
    """A primary and its replica; `now` is the one that the source's name leads to."""

    def __init__(self, start: Callable[..., Any]) -> None:
        self.primary, self.replica = start(), start("--server-id=2", "--log-slave-updates=ON")
        self.mariadb = self.primary.kind == "mariadb"
        self.now = self.primary
        self.sql(self.replica, "RESET MASTER" if self.mariadb else "RESET BINARY LOGS AND GTIDS")
        login = {
            "HOST": "127.0.0.1",
            "PORT": self.primary.port,
            "USER": self.primary.user,
            "PASSWORD": self.primary.password,
        }
        word = "MASTER" if self.mariadb else "SOURCE"
        settings = ", ".join(f"{word}_{name} = {value!r}" for name, value in login.items())
        if self.mariadb:
            self.sql(self.replica, f"CHANGE MASTER TO {settings}, MASTER_USE_GTID = slave_pos")
        else:
            self.sql(
                self.replica,
                f"CHANGE REPLICATION SOURCE TO {settings}, SOURCE_AUTO_POSITION = 1, "
                "GET_SOURCE_PUBLIC_KEY = 1",
            )
        self.replicate("START")
        for name in TABLES:
            self.sql(self.primary, "CREATE DATABASE IF NOT EXISTS shop")
            self.sql(self.primary, f"CREATE TABLE {name} (id INT PRIMARY KEY, note VARCHAR(50))")

    def replicate(self, what: str) -> None:
        self.sql(self.replica, f"{what} {'SLAVE' if self.mariadb else 'REPLICA'}")

    def sql(self, server: Any, text: str) -> Any:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(text)
            return cursor.fetchall()

    def rows(self, server: Any) -> dict[tuple[str, int], str]:
        return {
            (name, id_): note
            for name in TABLES
            for id_, note in self.sql(server, f"SELECT id, note FROM {name}")
        }

    def replicated(self) -> bool:
        try:
            return self.rows(self.replica) == self.rows(self.primary)
        except Exception:  # noqa: BLE001 (the tables are not there yet)
            return False


@pytest.fixture
def pair(request: pytest.FixtureRequest) -> Pair:
    return Pair(request.getfixturevalue(f"start_{request.param}"))


class FailOverStage(MemoryStage):
    def __init__(self, pair: Pair) -> None:
        super().__init__()
        self._pair = pair

    def start(self, holder: str) -> Running:
        source = SourceSettings(
            "shop", "none", {name: TableSettings(shards=4) for name in TABLES}, start="latest"
        )
        return self.relay(source, lambda: source_endpoint.parse(self._pair.now.reader_url), holder)

    def in_order(self) -> None:
        last: dict[str, int] = {}
        seen: set[str] = set()
        for group, change in self.topic.delivered:
            if change.id not in seen:
                assert last.get(group, 0) < change.seq
                last[group] = change.seq
                seen.add(change.id)


@pytest.mark.parametrize(
    ("pair", "relay_lives"), [("mariadb", True), ("mysql", False)], indirect=["pair"]
)
def test_what_the_new_primary_lacks_is_listed_and_mended(pair: Pair, relay_lives: bool) -> None:
    stream = FailOverStage(pair)
    relay = stream.start("one")
    try:
        wait_for(stream.point)
        for n in range(1, 6):
            for name in TABLES:
                pair.sql(pair.primary, f"INSERT INTO {name} VALUES ({n}, 'first')")
        wait_for(pair.replicated)
        pair.replicate("STOP")
        pair.sql(pair.primary, "INSERT INTO shop.listings VALUES (6, 'lost')")
        pair.sql(pair.primary, "UPDATE shop.listings SET note = 'lost' WHERE id = 2")
        pair.sql(pair.primary, "UPDATE shop.listings SET note = 'lost' WHERE id = 4")
        pair.sql(pair.primary, "DELETE FROM shop.photos WHERE id = 3")
        wait_for(lambda: stream.rows() == pair.rows(pair.primary))
        noted = stream.point()
        wait_for(
            lambda: (
                (stream.point() or noted).lineage.journal > 0
                and (stream.point() or noted).position == (stream.point() or noted).read_to
            )
        )
        if not relay_lives:
            relay.stop()
        pair.primary.kill()
        pair.sql(pair.replica, "UPDATE shop.listings SET note = 'after' WHERE id = 4")
        pair.sql(pair.replica, "INSERT INTO shop.photos VALUES (9, 'after')")
        pair.now = pair.replica
        if not relay_lives:
            relay = stream.start("two")
        wait_for(
            lambda: (
                (point := stream.point())
                and point.lost
                and not point.is_rereading
                and stream.rows() == pair.rows(pair.replica)
            )
        )
        point = stream.point()
        assert point
        assert point.lost
        assert (point.lost.transactions, point.lost.rows) == (
            4,
            {"shop.listings": 3, "shop.photos": 1},
        )
        assert point.lost.verify == ()
        assert point.lost.reread in (3, 4), "a change of the fourth may have come by first"
        stream.in_order()
    finally:
        relay.stop()


@pytest.mark.parametrize("pair", ["mariadb", "mysql"], indirect=True)
def test_a_planned_change_of_server_loses_nothing_and_reads_nothing_again(pair: Pair) -> None:
    stream = FailOverStage(pair)
    relay = stream.start("one")
    try:
        wait_for(stream.point)
        for n in range(1, 6):
            pair.sql(pair.primary, f"INSERT INTO shop.listings VALUES ({n}, 'first')")
        wait_for(pair.replicated)
        wait_for(lambda: stream.rows() == pair.rows(pair.primary))
        pair.replicate("STOP")
        pair.primary.stop()
        pair.now = pair.replica
        pair.sql(pair.replica, "UPDATE shop.listings SET note = 'after' WHERE id = 4")
        wait_for(lambda: stream.rows() == pair.rows(pair.replica))
        point = stream.point()
        assert point
        assert point.lost is None
        assert len({change.id for _, change in stream.topic.delivered}) == 6
        assert split_seq(stream.topic.delivered[-1][1].seq)[1] == 1, (
            "the first number of a new epoch"
        )
        stream.in_order()
    finally:
        relay.stop()
