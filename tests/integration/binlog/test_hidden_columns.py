"""A relay on a real server: no value of a hidden column leaves, whatever renames it."""

import threading
from typing import Any

import pytest

from shared.adapters.binlog import open_binlog
from shared.flows.relay.reading.connecting import database
from shared.flows.relay.relay_loop import relay
from shared.flows.relay.relay_setup import RelaySetup
from shared.values.json_text import encode_json
from shared.values.settings import SourceSettings, TableSettings
from shared.values.source_endpoint import parse
from tests.integration.binlog.conftest import Source
from tests.waiting import wait_for
from tests.worlds.relay.simulated import SimulatedTopic
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.state import MemoryCoverages, MemoryDues, MemorySchemas, MemoryStreams

SECRET = "s3cret-value"


class Relayed:
    """Tables t (which hides ssn), u and z of a source, and a relay that can be down."""

    def __init__(self, source: Source, how: TableSettings) -> None:
        self.source, self.topic = source, SimulatedTopic()
        self.streams, self.schemas = MemoryStreams(), MemorySchemas()
        self.dues, self.coverage = MemoryDues(), MemoryCoverages()
        self.claims = MemoryClaims()
        self.tables = {self.name("t"): how, **{self.name(n): TableSettings() for n in "uz"}}
        self.begin = str(source.here())
        source.sql("CREATE TABLE t (id INT PRIMARY KEY, ssn VARCHAR(40), city VARCHAR(40))")
        source.sql("CREATE TABLE u (id INT PRIMARY KEY, city VARCHAR(40))")
        source.sql("CREATE TABLE z (id INT PRIMARY KEY)")
        source.sql("INSERT INTO t VALUES (1, %s, 'Rome')", SECRET)
        source.sql("INSERT INTO u VALUES (1, 'Oslo')")
        self.run()

    def name(self, table: str) -> str:
        return f"{self.source.name}.{table}"

    def run(self, *, resumes: bool = False) -> None:
        """Relay until the last row of z has come, and no table is stopped if one `resumes`."""
        self.source.sql("INSERT INTO z SELECT COALESCE(MAX(id), 0) + 1 FROM z")
        last = self.source.sql("SELECT MAX(id) FROM z")[0][0]
        endpoint, stop = parse(self.source.server.url), threading.Event()

        def connect(tables: Any, token: int) -> Any:
            return open_binlog(
                endpoint, list(tables), 2_000_000 + token, dropped=lambda d, t: tables[f"{d}.{t}"]
                .unread
            )  # fmt: skip

        setup = RelaySetup(
            source=SourceSettings("shop", "secret", self.tables, start=self.begin, linger_ms=1),
            streams=self.streams,
            schemas=self.schemas,
            dues=self.dues,
            coverage=self.coverage,
            claims=self.claims,
            topic=self.topic,  # type: ignore[arg-type]
            open_binlog=connect,
            holder=f"relay {last}",
            open_database=database(lambda: endpoint),
            manner="take",
            run="foreground",
            stop=stop,
        )
        thread = threading.Thread(target=relay, args=(setup,))
        thread.start()
        try:
            wait_for(lambda: last in self.rows("z") and not (resumes and self.stopped()), 60)
        finally:
            stop.set()
            thread.join(60)
        for _, change in self.topic.delivered:
            assert SECRET.encode() not in encode_json(change)

    def rows(self, table: str) -> list[int]:
        return [
            change.key["id"]
            for group, change in self.topic.delivered
            if self.topic.tables[group] == self.name(table)
        ]

    def stopped(self) -> dict[str, str]:
        _, point = self.streams.load("shop")
        assert point
        return {name.partition(".")[2]: point.stopped[name].what for name in point.whole.stopped}


HOW = {
    "drop": TableSettings(drop=("ssn",)),
    "mask": TableSettings(mask={"ssn": "redact"}),
}
RENAMES = {
    "rename": ["ALTER TABLE t RENAME COLUMN ssn TO social"],
    "change": ["ALTER TABLE t CHANGE ssn social VARCHAR(60)"],
    "swap": [
        "ALTER TABLE t CHANGE ssn tmp VARCHAR(40)",
        "ALTER TABLE t CHANGE city ssn VARCHAR(40)",
        "ALTER TABLE t CHANGE tmp city VARCHAR(40)",
    ],
    "swap at once": ["ALTER TABLE t CHANGE ssn city VARCHAR(40), CHANGE city ssn VARCHAR(40)"],
    "drop and rename": ["ALTER TABLE t DROP COLUMN city", "ALTER TABLE t CHANGE ssn city TEXT"],
    "rename and add": [
        "ALTER TABLE t RENAME COLUMN ssn TO social",
        "ALTER TABLE t ADD COLUMN ssn VARCHAR(40)",
    ],
}
UNSEEN = ["rename", "change", "swap", "drop and rename", "rename and add"]


@pytest.fixture(params=HOW)
def relayed(source: Source, request: pytest.FixtureRequest) -> Relayed:
    return Relayed(source, HOW[request.param])


@pytest.mark.parametrize("how", RENAMES)
def test_a_renamed_column_stops_its_table(relayed: Relayed, how: str) -> None:
    for sql in RENAMES[how]:
        relayed.source.sql(sql)
    relayed.source.sql("UPDATE t SET id = 2")
    relayed.run()
    assert "ssn" in relayed.stopped()["t"]
    assert relayed.name("t") in relayed.dues.of_source("shop")
    relayed.source.sql("UPDATE t SET id = 3")
    relayed.run()
    assert relayed.stopped().keys() == {"t"}


@pytest.mark.parametrize("how", UNSEEN)
def test_also_where_the_binlog_has_no_statement(relayed: Relayed, how: str) -> None:
    relayed.source.sql("SET SESSION sql_log_bin = 0")
    for sql in RENAMES[how]:
        relayed.source.sql(sql)
    relayed.source.sql("SET SESSION sql_log_bin = 1")
    relayed.source.sql("UPDATE t SET id = 2")
    relayed.run()
    assert "ssn" in relayed.stopped()["t"]


def test_two_tables_that_change_places(relayed: Relayed) -> None:
    relayed.source.sql("RENAME TABLE t TO x, u TO t, x TO u")
    relayed.source.sql("UPDATE u SET id = 2")
    relayed.run()
    assert "ssn" in relayed.stopped()["u"]


def test_a_column_dropped_and_added_under_its_name_stays_hidden(relayed: Relayed) -> None:
    relayed.source.sql("ALTER TABLE t DROP COLUMN ssn, ADD note INT")
    relayed.source.sql("ALTER TABLE t ADD COLUMN ssn VARCHAR(40)")
    relayed.source.sql("UPDATE t SET ssn = %s, id = 2", SECRET)
    relayed.run()
    assert relayed.stopped() == {}
    assert relayed.rows("t") == [1, 1, 2]


def test_it_is_captured_again_once_the_stanza_hides_the_new_name(relayed: Relayed) -> None:
    relayed.source.sql("ALTER TABLE t RENAME COLUMN ssn TO social")
    relayed.run()
    relayed.tables[relayed.name("t")] = TableSettings(drop=("social",))
    relayed.run(resumes=True)
    relayed.source.sql("UPDATE t SET city = 'Bonn'")
    relayed.run()
    assert relayed.stopped() == {}
    assert relayed.rows("t") == [1, 1]
