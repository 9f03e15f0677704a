from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cli.ui.hidden_columns import hidden_columns
from shared.adapters.binlog.contract import Event, Rows
from shared.domain.masking import REDACTED
from shared.domain.table_plan import CannotNumber
from shared.flows.tail import absent_tables, tail
from shared.values.declaration import Declaration
from shared.values.errors import ConfigError, PositionLost, SourceError
from shared.values.position import Position
from shared.values.settings import SourceSettings, StageSettings, TableSettings
from shared.values.table import Column, Table
from tests.worlds.twins.binlog import MemoryBinlog
from tests.worlds.twins.binlog_server import MemoryServer
from tests.worlds.twins.database import MemoryDatabase

COLUMNS = (Column("id", "int", nullable=False), Column("v", "varchar"))


def lines(server: MemoryServer, start: Position, *patterns: str) -> list[dict[str, Any]]:
    written: list[bytes] = []
    tail(MemoryBinlog(server, patterns or ("*.*",)), "shop", start, server.end, written.append)
    return [msgspec.json.decode(line) for line in b"".join(written).splitlines()]


def test_a_line_is_the_change_with_its_source_database_and_table() -> None:
    server = MemoryServer(clock=lambda: 1_700_000_000)
    table = Table("shop", "listings", COLUMNS, ("id",))
    start = server.end
    server.commit(
        server.insert(table, {"id": 1, "v": "a"}),
        server.update(table, ({"id": 1, "v": "a"}, {"id": 1, "v": 'b"\n'})),
    )
    first, second = lines(server, start)
    assert first == {
        **{"source": "shop", "database": "shop", "table": "listings"},
        **{
            "id": "0-1-1@1700000000000/0.0",
            "seq": 1,
            "op": "c",
            "ts_ms": 1_700_000_000_000,
            "key": {"id": 1},
        },
        **{
            "before": None,
            "after": {"id": 1, "v": "a"},
            "tx": {"id": "0-1-1", "index": 0, "last": False},
        },
    }
    assert (second["seq"], second["after"], second["tx"]["last"]) == (
        2,
        {"id": 1, "v": 'b"\n'},
        True,
    )


def test_a_table_without_a_key_has_changes_all_the_same() -> None:
    server = MemoryServer()
    table = Table("shop", "log", COLUMNS)
    start = server.end
    server.commit(
        server.insert(table, {"id": 1, "v": "a"}),
        server.update(table, ({"id": 1, "v": "a"}, {"id": 2, "v": "b"})),
        server.delete(table, {"id": 2, "v": "b"}),
    )
    assert [(line["op"], line["key"]) for line in lines(server, start)] == [
        ("c", {}),
        ("u", {}),
        ("d", {}),
    ]


def test_a_change_of_the_key_is_two_lines_and_truncate_is_one() -> None:
    server = MemoryServer()
    table = Table("shop", "listings", COLUMNS, ("id",))
    start = server.end
    server.commit(server.update(table, ({"id": 1, "v": "a"}, {"id": 2, "v": "a"})))
    server.commit(server.truncate(table))
    assert [(line["op"], line["key"]) for line in lines(server, start)] == [
        ("d", {"id": 1}),
        ("c", {"id": 2}),
        ("t", {}),
    ]


def test_a_name_or_pattern_that_chooses_no_table_is_named() -> None:
    database = MemoryDatabase()
    database.create(Table("shop", "listings", COLUMNS, ("id",)))
    patterns = ["shop.listings", "shop.*", "shop.lisings", "store.*"]
    assert absent_tables(database, patterns) == ["shop.lisings", "store.*"]


def test_lines_that_were_read_come_before_an_error() -> None:
    server = MemoryServer()
    table = Table("shop", "listings", COLUMNS, ("id",))
    start = server.end
    server.commit(server.insert(table, {"id": 1, "v": "a"}))
    server.commit(
        server.insert(table, {"id": 2, "v": "a"}, {"id": 3, "v": "a"}),
        server.insert(table, {"id": 4, "v": "a"}),
    )

    class Breaking(MemoryBinlog):
        """Cannot read the last row event."""

        def read(self, *args: Any, **options: Any) -> Iterator[Event]:
            for event in super().read(*args, **options):
                if isinstance(event, Rows) and event.event == 1:
                    raise SourceError("cannot be read.")
                yield event

    written: list[bytes] = []
    with pytest.raises(SourceError):
        tail(Breaking(server, ["*.*"]), "shop", start, server.end, written.append)
    found = [msgspec.json.decode(line) for line in b"".join(written).splitlines()]
    assert [(line["key"]["id"], line["tx"]["last"]) for line in found] == [
        (1, True),
        (2, False),
        (3, False),
    ]


HIDING = {"shop.*": TableSettings(drop=("secret",), mask={"v": "hash", "note": "redact"})}
SECRETS = (*COLUMNS, Column("secret", "varchar"), Column("note", "varchar"))


@pytest.mark.parametrize("key", [("id",), ()])
def test_hidden_columns_do_not_leave_also_of_a_table_without_a_key(key: tuple[str, ...]) -> None:
    server, written = MemoryServer(), list[bytes]()
    table = Table("shop", "people", SECRETS, key)
    start, row = server.end, {"id": 1, "v": "Ann", "secret": "s3", "note": "tall"}
    server.commit(
        server.insert(table, row),
        server.update(table, (row, {**row, "note": "taller"})),
        server.delete(table, {**row, "note": "taller"}),
    )
    binlog = MemoryBinlog(server, ("*.*",))
    tail(binlog, "shop", start, server.end, written.append, hidden=HIDING, mask_key=b"k" * 32)
    text = b"".join(written).decode()
    assert text.count("\n") == 3
    for value in ("Ann", "s3", "tall", "secret"):
        assert value not in text
    assert text.count(REDACTED) == 4
    found = [msgspec.json.decode(line) for line in text.splitlines()]
    assert found[0]["after"].keys() == {"id", "v", "note"}
    assert found[0]["after"]["v"] == found[2]["before"]["v"]
    assert found[0]["key"] == ({"id": 1} if key else {})


def test_a_table_that_hides_every_column_cannot_be_shown() -> None:
    server = MemoryServer()
    table, start = Table("shop", "people", COLUMNS), server.end
    server.commit(server.insert(table, {"id": 1, "v": "Ann"}))
    all_hidden = {"shop.people": TableSettings(drop=("id", "v"))}
    with pytest.raises(CannotNumber, match="no column that is shown"):
        tail(
            MemoryBinlog(server, ("*.*",)),
            "shop",
            start,
            server.end,
            lambda _: None,
            hidden=all_hidden,
        )


def declared(monkeypatch: pytest.MonkeyPatch, settings: StageSettings | None) -> list[Path]:
    """The folders whose variables were resolved."""
    asked: list[Path] = []

    def declaration(folder: Path, stage: str) -> Declaration:
        asked.append(folder)
        return Declaration(settings, () if settings else ("sources.shop is wrong.",), {})

    monkeypatch.setattr("cli.ui.hidden_columns.declaration_of", declaration)
    return asked


SHOP = SourceSettings("shop", "a", {"shop.people": TableSettings(drop=("email",), shards=7)})
OTHER = SourceSettings("other", "b", {"shop.people": TableSettings(mask={"name": "hash"})})


def test_what_the_stanzas_of_the_folder_hide_is_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = declared(monkeypatch, StageSettings("s", "dev", {"shop": SHOP, "other": OTHER}, {}))
    assert hidden_columns(tmp_path, "dev") == {}, "no stanzas"
    file = tmp_path / "serverless.yml"
    tables = "{secret: '${param:secret}', tables: {shop.people: {shards: 7}}}"
    file.write_text(f"service: s\nsources: {{shop: {tables}}}\n")
    assert hidden_columns(tmp_path, "dev") == {}
    assert asked == [], "nothing is hidden: no variable is resolved, which takes seconds"
    for tables in ("{shop.people: {drop: [email]}}", "'${file(tables.yml)}'"):
        file.write_text(f"sources: {{shop: {{tables: {tables}}}}}\n")
        assert hidden_columns(tmp_path, "dev")["shop.people"].hidden == {"email", "name"}
        assert hidden_columns(tmp_path, "dev", "a")["shop.people"].hidden == {"email"}
        assert hidden_columns(tmp_path, "dev", "c")["shop.people"].hidden == {"email", "name"}


@pytest.mark.parametrize(
    "text", ["sources: {shop: {tables: {shop.people: {drop: [email]}}}}\n", "sources: ]["]
)
def test_stanzas_that_cannot_be_read_show_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    declared(monkeypatch, None)
    (tmp_path / "serverless.yml").write_text(text)
    with pytest.raises(ConfigError, match="not known which columns") as raised:
        hidden_columns(tmp_path, "dev")
    assert "--all-columns" in raised.value.hint


def test_a_place_that_is_gone_says_how_a_tail_starts_again() -> None:
    server = MemoryServer()

    class Purged(MemoryBinlog):
        def read(self, *_args: Any, **_options: Any) -> Iterator[Any]:
            raise PositionLost("is gone.", thing="position bin.000001:4", hint="Keep them longer.")

    with pytest.raises(PositionLost) as lost:
        tail(Purged(server, ("*.*",)), "shop", server.end, None, lambda _: None)
    assert lost.value.hint == (
        "Start again with `--from earliest` or `--from latest`. Keep them longer."
    )
