"""A planned change between two real servers, by the commands that docs/move.md shows."""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import boto3
import msgspec
import pytest
from typer.testing import CliRunner

from cli.commands import source as reset
from cli.commands import source_move as move
from shared.adapters import secrets
from shared.stage import Stage, source_parts
from shared.values.seq import split_seq
from shared.values.settings import SourceSettings, StageSettings, TableSettings
from shared.values.source_endpoint import SourceEndpoint, from_secret
from tests.integration.relay_faults.process import Running
from tests.integration.test_fail_over import Pair
from tests.unit.test_docs import command_lines
from tests.waiting import wait_for
from tests.worlds.memory_stage import MemoryStage
from tests.worlds.twins.state import memory_state

SOURCE, GREEN = "rowline/prod/source", "rowline/prod/green"
LINES = [line for page, line in command_lines() if page == "move.md"]
BY_GTIDS, BY_PLACE = [
    [line for line in LINES if ("--at" in line) == given] for given in (False, True)
]


def login(server: Any) -> dict[str, Any]:
    url = urlsplit(server.reader_url)
    return {
        "host": url.hostname,
        "port": url.port,
        "username": url.username,
        "password": url.password,
        "tls": "off",
    }


class MovePlace:
    """A stage with one source, in memory but for its servers."""

    def __init__(self, patch: pytest.MonkeyPatch, blue: Any, green: Any) -> None:
        self.blue, self.green = blue, green
        self.secrets = {SOURCE: login(blue), GREEN: login(green)}
        self.settings = StageSettings(
            "rowline",
            "prod",
            {"shop": SourceSettings("shop", SOURCE, {"shop.listings": TableSettings(shards=4)})},
            {},
        )
        self.stage = MemoryStage()
        self.relays: list[Running] = []
        for module in (secrets, source_parts):
            patch.setattr(module, "secret_json", lambda name, **_: self.secrets[name])
        patch.setattr(move, "open_stage", self._open)
        for name, value in {
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
        }.items():
            patch.setenv(name, value)
        patch.delenv("ROWLINE_SOURCE", raising=False)
        patch.setattr(
            boto3, "DEFAULT_SESSION", None
        )  # it keeps its first credentials: not these for the tests after this one

    def _open(self, stage: str, service: str) -> Any:
        place = self

        resources: Any = SimpleNamespace(
            topic_arn="arn:aws:sns:eu-west-1:000000000000:rowline.fifo", state_table="rowline"
        )
        opened = Stage(service or "rowline", stage, self.settings, resources)
        state = replace(memory_state(), streams=place.stage.streams)
        opened.__dict__ |= {"state": state, "claims": place.stage.claims}
        return opened

    def relay(self, holder: str) -> Running:
        def reader() -> SourceEndpoint:
            return from_secret(SOURCE, self.secrets[SOURCE])

        running = self.stage.relay(self.settings.sources["shop"], reader, holder)
        self.relays.append(running)
        return running

    def run(self, line: str, expect: int | None = 0) -> Any:
        """What the command answers as JSON; `expect` its exit code (None: 0, or 1 while something
        has to come first).
        """
        words = shlex.split(line)
        assert words[0] == "source"
        done = CliRunner().invoke(reset.app, [*words[1:], "--json"], standalone_mode=True)
        assert done.exit_code == expect or (expect is None and done.stdout), (
            f"{done.output} {done.exception}"
        )
        return msgspec.json.decode(done.stdout.splitlines()[-1])["streams"][0]

    def say(self, line: str) -> str:
        """What the command prints for a person."""
        return CliRunner().invoke(reset.app, shlex.split(line)[1:]).stdout

    def sql(self, server: Any, text: str) -> Any:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(text)
            return cursor.fetchall()

    def keys(self) -> list[int]:
        return [change.key["id"] for _, change in self.stage.topic.delivered]

    def goes_on(self, epoch: int) -> None:
        """A relay that starts now reads green, in a new epoch."""
        self.relay("two")
        self.sql(self.green, "INSERT INTO shop.listings VALUES (9, 'after')")
        wait_for(lambda: 9 in self.keys())
        assert self.keys() == [1, 2, 3, 9]
        assert split_seq(self.stage.topic.delivered[-1][1].seq) == (epoch, 1)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., MovePlace]]:
    places: list[MovePlace] = []

    def opened(blue: Any, green: Any) -> MovePlace:
        places.append(MovePlace(monkeypatch, blue, green))
        return places[-1]

    yield opened
    for running in (each for place in places for each in place.relays):
        running.stop()


def test_a_move_by_gtids(
    start_mariadb: Callable[..., Any], opened: Callable[..., MovePlace]
) -> None:
    pair = Pair(start_mariadb)
    place = opened(pair.primary, pair.replica)
    first = place.relay("one")
    wait_for(place.stage.point)
    place.sql(pair.primary, "INSERT INTO shop.listings VALUES (1, 'a'), (2, 'b')")
    wait_for(pair.replicated)
    pair.replicate("STOP")
    place.sql(pair.primary, "INSERT INTO shop.listings VALUES (3, 'c')")
    wait_for(lambda: place.keys() == [1, 2, 3])
    wait_for(
        lambda: (
            (point := place.stage.point())
            and point.position.gtids == pair.sql(pair.primary, "SELECT @@gtid_binlog_pos")[0][0]
        )
    )
    look, apply = BY_GTIDS
    assert place.run(look, expect=1)["waits_for"].startswith("0-1-")
    pair.replicate("START")
    wait_for(pair.replicated)
    assert "waits_for" not in place.run(look)
    said = place.say(look)
    assert said.startswith("shop: mariadb-1 → mariadb-2, published up to 0-1-")
    assert (
        f"port {pair.replica.port}, and its account, into secret {SOURCE}, then the same "
        "with --apply" in said
    )
    place.secrets[SOURCE] = place.secrets[GREEN]
    point = place.stage.point()
    assert point
    assert place.run(apply)["way"] == "gtids"
    assert first.result() == "yielded"
    place.goes_on(point.epoch + 1)
    wait_for(lambda: (now := place.stage.point()) and now.server == "mariadb-2")
    assert place.run(look)["way"] == "there"


def test_a_move_to_a_place(
    start_mysql: Callable[..., Any],
    start_mariadb: Callable[..., Any],
    opened: Callable[..., MovePlace],
) -> None:
    """From a MySQL without GTIDs to a MariaDB, which nothing but a copy of the rows joins."""
    place = opened(
        start_mysql("--gtid-mode=OFF", "--enforce-gtid-consistency=OFF"),
        start_mariadb("--server-id=2"),
    )
    for server in (place.blue, place.green):
        place.sql(server, "CREATE DATABASE shop")
        place.sql(server, "CREATE TABLE shop.listings (id INT PRIMARY KEY, note VARCHAR(50))")
    first = place.relay("one")
    wait_for(place.stage.point)
    for server in (place.blue, place.green):
        place.sql(server, "INSERT INTO shop.listings VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    wait_for(lambda: place.keys() == [1, 2, 3])
    file, offset, *_ = place.sql(place.green, "SHOW MASTER STATUS")[0]
    look, apply = [line.replace("bin.000007:4", f"{file}:{offset}") for line in BY_PLACE]
    point = place.stage.point()
    assert point
    assert point.position.gtids == ""
    wait_for(lambda: "waits_for" not in place.run(look, expect=None))
    assert place.run(apply)["place"] == f"{file}:{offset}"
    assert first.result() == "yielded"
    place.secrets[SOURCE] = place.secrets[GREEN]
    place.goes_on(point.epoch + 1)
    assert place.run(look)["way"] == "there"
