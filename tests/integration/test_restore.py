"""A server that is restored to an earlier point goes on with the same GTIDs and the same file
names: consumers end with what it holds, and none goes back in time.
"""

import subprocess
from typing import Any

import pytest

from shared.values import source_endpoint
from shared.values.errors import PositionLost
from shared.values.settings import SourceSettings, TableSettings
from tests.integration.relay_faults.process import Running
from tests.tier import ONLY_SOAK
from tests.waiting import wait_for
from tests.worlds.memory_stage import MemoryStage

TABLE = "shop.listings"


class RestoredShop(MemoryStage):
    """One server and what its consumers know."""

    def __init__(self, server: Any) -> None:
        super().__init__()
        self.server = server
        self.sql("CREATE DATABASE shop")
        self.sql(f"CREATE TABLE {TABLE} (id INT PRIMARY KEY, note VARCHAR(50))")

    def sql(self, text: str) -> Any:
        with self.server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(text)
            return cursor.fetchall()

    def start(self, holder: str) -> Running:
        source = SourceSettings("shop", "none", {TABLE: TableSettings(shards=4)}, start="latest")
        return self.relay(source, lambda: source_endpoint.parse(self.server.reader_url), holder)

    def held(self) -> dict[tuple[str, int], str]:
        return {(TABLE, id_): note for id_, note in self.sql(f"SELECT id, note FROM {TABLE}")}

    def settled(self) -> bool:
        """Everything is published, and its keys are noted."""
        point = self.point()
        return (
            self.rows() == self.held()
            and point is not None
            and point.lineage.journal > 0
            and point.rows == 0
            and point.position == point.read_to
        )

    def back_up(self) -> None:
        self._copy("files/data", "backup")

    def restore(self) -> None:
        subprocess.run(["rm", "-r", str(self.server.folder / "files/data")], check=True)
        self._copy("backup", "files/data")

    def _copy(self, one: str, other: str) -> None:
        subprocess.run(
            ["cp", "-a", str(self.server.folder / one), str(self.server.folder / other)], check=True
        )


@pytest.fixture
def shop(request: pytest.FixtureRequest) -> RestoredShop:
    return RestoredShop(request.getfixturevalue(f"start_{request.param}")())


@pytest.mark.parametrize(
    ("shop", "relay_lives"),
    [
        pytest.param("mariadb", True, marks=[pytest.mark.soak, ONLY_SOAK]),
        ("mariadb", False),
        ("mysql", True),
    ],
    indirect=["shop"],
)
def test_what_a_restored_server_lacks_is_listed_and_mended(
    shop: RestoredShop, relay_lives: bool
) -> None:
    relay = shop.start("one")
    try:
        wait_for(shop.point)
        for n in range(1, 6):
            shop.sql(f"INSERT INTO {TABLE} VALUES ({n}, 'first')")
        wait_for(shop.settled)
        shop.server.stop()
        shop.back_up()
        shop.server.start()
        shop.sql(f"UPDATE {TABLE} SET note = 'lost' WHERE id = 2")
        shop.sql(f"INSERT INTO {TABLE} VALUES (6, 'lost')")
        shop.sql(f"DELETE FROM {TABLE} WHERE id = 3")
        wait_for(shop.settled)
        if not relay_lives:
            relay.stop()
        shop.server.stop()
        shop.restore()
        shop.server.start()
        shop.sql(f"INSERT INTO {TABLE} VALUES (7, 'after')")
        shop.sql(f"UPDATE {TABLE} SET note = 'after' WHERE id = 1")
        if not relay_lives:
            relay = shop.start("two")
        wait_for(
            lambda: (
                (point := shop.point())
                and point.lost
                and not point.is_rereading
                and shop.rows() == shop.held()
            )
        )
        point = shop.point()
        assert point
        assert point.lost
        assert (point.lost.transactions, point.lost.rows, point.lost.verify) == (3, {TABLE: 3}, ())
        last: dict[int, int] = {}
        for _, change in shop.topic.delivered:
            assert last.get(change.key["id"], 0) < change.seq, (
                "what is published once is published once"
            )
            last[change.key["id"]] = change.seq
    finally:
        relay.stop()


@pytest.mark.parametrize("shop", ["mariadb", "mysql"], indirect=True)
def test_a_reset_of_the_binlog_is_a_lost_position(shop: RestoredShop) -> None:
    relay = shop.start("one")
    try:
        wait_for(shop.point)
        shop.sql(f"INSERT INTO {TABLE} VALUES (1, 'first')")
        wait_for(shop.settled)
        relay.stop()
        shop.sql("RESET MASTER" if shop.server.kind == "mariadb" else "RESET BINARY LOGS AND GTIDS")
        shop.sql(f"INSERT INTO {TABLE} VALUES (2, 'never seen')")
        relay = shop.start("two")
        lost = relay.result()
        assert isinstance(lost, PositionLost)
        assert "rowline source reset shop" in str(lost)
    finally:
        relay.stop()
