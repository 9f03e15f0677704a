"""What doctor says of several sources, and of sinks."""

from types import SimpleNamespace
from typing import Any

from shared.adapters.database.contract import Server
from shared.domain.server_identity import who_answers
from shared.flows.health.captured_once import check_captured_once
from shared.flows.health.doctor import probes
from shared.values.errors import ConfigError, SearchUnavailable
from shared.values.settings import ConsumerSettings, SourceSettings, TableSettings
from tests.worlds.twins.database import MemoryDatabase


def source(name: str, *tables: str, relay_of: str = "") -> SourceSettings:
    return SourceSettings(
        name,
        f"secret of {name}",
        {f"shop.{table}": TableSettings() for table in tables},
        relay_of=relay_of,
    )


def test_a_table_that_two_sources_capture_from_one_server_is_named() -> None:
    sources = {
        each.name: each
        for each in (
            source("a", "x", "y", "z"),
            source("b", "y", "z"),
            source("c", "x"),
            source("d", "w", relay_of="a"),
        )
    }
    servers = dict.fromkeys(("a", "b", "d"), ("uuid", "host", "3306", "/data")) | {
        "c": ("uuid", "other", "3306", "/data")
    }
    (found,) = check_captured_once(servers, sources)
    assert (found.thing, found.level, found.what) == (
        "sources a, b",
        "warn",
        "read one server, and both capture shop.y and 1 more",
    )
    assert "relayOf: a" in found.fix
    assert check_captured_once({name: servers[name] for name in ("a", "c", "d")}, sources) == []


def test_servers_are_told_apart_by_more_than_a_number_that_people_choose() -> None:
    one, other = MemoryDatabase(), MemoryDatabase()
    one.settings, other.settings = (
        {"hostname": "a", "port": "3306"},
        {"hostname": "b", "port": "3306"},
    )
    assert isinstance(one.server(), Server)
    assert who_answers(one) != who_answers(other)


def test_a_command_line_does_not_open_the_sink_of_the_archive() -> None:
    def sink(name: str) -> Any:
        if name == "archiveShop":  # its bucket is named in the environment of its function
            raise ConfigError("is not set.", thing="ROWLINE_ARCHIVE_BUCKET")
        if name == "down":
            raise SearchUnavailable("does not answer.", thing="es:9200")
        return SimpleNamespace(probe=lambda: "8.19")

    kinds = {"up": "elasticsearch", "down": "elasticsearch", "archiveShop": "archive"}
    consumers = {
        name: ConsumerSettings(name, "shop", ("shop.*",), {"kind": kind})
        for name, kind in kinds.items()
    }
    deployed: Any = SimpleNamespace(settings=SimpleNamespace(consumers=consumers), sink=sink)
    found = [(each.thing, each.level) for each in probes(deployed)]
    assert found == [("elasticsearch up", "ok"), ("elasticsearch down", "fail")]
