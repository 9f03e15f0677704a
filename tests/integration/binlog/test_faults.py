"""Connections that break, doors that stay shut: on real servers."""

import itertools
import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from shared.adapters.binlog import open_binlog
from shared.adapters.binlog.contract import Commit, Heartbeat, Rows
from shared.values.errors import PositionLost, SourceError, SourceUnavailable
from shared.values.source_endpoint import parse
from tests.tier import SEED, TIER

from .conftest import Source, plain
from .proxy import Proxy


@pytest.mark.soak
def test_a_connection_cut_anywhere_loses_and_repeats_nothing(source: Source) -> None:
    source.sql("CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(200))")
    source.sql("CREATE TABLE other (id INT PRIMARY KEY)")
    start = source.here()
    n = itertools.count()
    for size in (1, 40, 3, 200, 1):
        source.sql("BEGIN")
        for _ in range(size):
            source.sql(f"INSERT INTO a VALUES ({next(n)}, '{'v' * 150}'), ({next(n)}, NULL)")
            source.sql(f"INSERT INTO other VALUES ({next(n)})")
        source.sql("COMMIT")
    source.sql("TRUNCATE a")
    wanted = [plain(event) for event in source.since(start, "a")]
    end = source.here()
    chosen = random.Random(7 + SEED)
    for _ in range(TIER.cut_rounds):
        cuts: list[int | None] = [chosen.randrange(3_000, 60_000) for _ in range(5)]
        with Proxy(source.server.port, cuts) as proxy:
            binlog = source.open("a", port=proxy.port)
            found = [
                plain(event)
                for event in binlog.read(start, until=end)
                if not isinstance(event, Heartbeat)
            ]
            assert found == wanted, cuts
            assert proxy.accepted > 1


def test_a_cut_connection_is_heard_of_when_the_server_stays_away(source: Source) -> None:
    source.sql("CREATE TABLE a (id INT PRIMARY KEY, v TEXT)")
    start = source.here()
    source.sql("INSERT INTO a VALUES (1, REPEAT('x', 20000))")
    with Proxy(source.server.port, [8_000] + [10] * 1000) as proxy:
        endpoint = msgspec.structs.replace(parse(source.server.url), port=proxy.port)
        binlog = open_binlog(endpoint, [f"{source.name}.*"], 4_000_200_000, give_up_seconds=2)
        with pytest.raises(SourceUnavailable):
            list(binlog.read(start))


def test_a_wrong_password_names_the_account_and_not_the_password(source: Source) -> None:
    endpoint = msgspec.structs.replace(parse(source.server.url), password="hunter2")
    with pytest.raises(SourceError) as caught:
        open_binlog(endpoint, ["*.*"], 1).latest()
    assert not isinstance(caught.value, SourceUnavailable)
    assert str(endpoint) in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_no_server_is_told_at_once() -> None:
    with pytest.raises(SourceUnavailable) as caught:
        open_binlog(parse("mysql://u:p@127.0.0.1:1"), ["*.*"], 1).latest()
    assert "u@127.0.0.1:1" in str(caught.value)


def test_a_missing_right_is_named(source: Source) -> None:
    user = source.name[:20]
    source.sql(f"CREATE USER '{user}'@'%%' IDENTIFIED BY 'secret-1'")
    try:
        endpoint = msgspec.structs.replace(parse(source.server.url), user=user, password="secret-1")
        start = source.here()
        source.sql("CREATE TABLE a (id INT PRIMARY KEY)")
        binlog = open_binlog(endpoint, ["*.*"], 4_000_200_001)
        with pytest.raises(SourceError) as caught:
            list(binlog.read(start, until=source.here()))
        assert "REPLICATION" in str(caught.value)
    finally:
        source.sql(f"DROP USER '{user}'@'%%'")


def test_tls_is_verified(source: Source) -> None:
    plain_endpoint = parse(source.server.url)
    verified = msgspec.structs.replace(plain_endpoint, tls="verify", ca_file="", ca_certificate="")
    with pytest.raises(SourceError, match="TLS") as caught:
        open_binlog(
            verified, ["*.*"], 1
        ).latest()  # nobody vouches for the server's own certificate
    assert "ca" in caught.value.hint


def test_changes_come_over_tls(mariadb_source: Source) -> None:
    source = mariadb_source
    source.sql("CREATE TABLE a (id INT PRIMARY KEY, v TEXT)")
    start = source.here()
    for n in range(50):
        source.sql(f"INSERT INTO a VALUES ({n}, REPEAT('x', 5000))")
    endpoint = msgspec.structs.replace(
        parse(source.server.url), tls="verify", ca_certificate=source.server.ca_certificate
    )
    binlog = open_binlog(endpoint, [f"{source.name}.*"], 4_000_200_002)
    assert (
        sum(
            len(event.rows)
            for event in binlog.read(start, until=binlog.latest())
            if isinstance(event, Rows)
        )
        == 50
    )


def test_a_server_without_binlog(start_mariadb: Callable[..., Any]) -> None:
    server = start_mariadb("--skip-log-bin")
    with pytest.raises(SourceError, match="writes no binlog") as caught:
        open_binlog(parse(server.url), ["*.*"], 1).latest()
    assert "log_bin" in caught.value.hint


def test_kill_and_restart_of_the_server_and_purged_binlogs(
    start_mariadb: Callable[..., Any],
) -> None:
    server = start_mariadb()
    source = Source(server)
    source.sql("CREATE TABLE a (id INT PRIMARY KEY)")
    start = source.here()
    source.sql("INSERT INTO a VALUES (1)")
    binlog = source.open("a")
    seen = []
    events = binlog.read(start, through_restarts=True)
    for event in events:
        if isinstance(event, Rows):
            seen += [after["id"] for _, after in event.rows if after]
        if isinstance(event, Commit):
            if len(seen) == 1:
                server.kill()
                server.start()
                source.connection = server.connect(source.name)
                source.sql("INSERT INTO a VALUES (2)")
            else:
                break
    assert seen == [1, 2]
    source.sql("FLUSH BINARY LOGS")
    source.sql(f"PURGE BINARY LOGS TO '{source.here().file}'")
    for lost in (start, type(start)(gtids=start.gtids)):
        with pytest.raises(PositionLost) as caught:
            source.since(lost)
        assert "Keep binlogs longer" in caught.value.hint


def test_two_readers_with_one_server_id_both_go_on(source: Source) -> None:
    """As if the ids of two relays met: the server ends the older connection, whose reader takes
    another id.
    """
    source.sql("CREATE TABLE a (id INT PRIMARY KEY)")
    start = source.here()
    readers = [
        open_binlog(parse(source.server.url), [f"{source.name}.*"], 4_000_300_000) for _ in range(2)
    ]
    events = [reader.read(start) for reader in readers]
    seen: list[list[int]] = [[], []]
    for number in range(4):
        source.sql("INSERT INTO a VALUES (%s)", number)
        for which in (0, 1):
            while len(seen[which]) <= number:
                event = next(events[which])
                if isinstance(event, Rows):
                    seen[which] += [after["id"] for _, after in event.rows if after]
    assert seen == [[0, 1, 2, 3], [0, 1, 2, 3]]
    assert readers[1]._server_id == 4_000_300_000
    for reader in readers:
        reader.close()
