"""The snapshots of a table, as the history API and the command tell them."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from cli.commands import snapshot as command
from shared.flows.history import table_snapshots
from shared.flows.history.history_setup import HistorySetup
from shared.values.seq import make_seq
from shared.values.snapshot import Snapshot, SnapshotFile, SnapshotOfTable
from tests.unit.test_history import opened
from tests.unit.test_history_api import asking
from tests.worlds.past_world import SOURCE, STREAM, PastWorld


@pytest.fixture
def setup() -> HistorySetup:
    return opened(PastWorld(7).run(5))


def snapshot(number: int, tables: tuple[str, ...], source: str = SOURCE) -> Snapshot:
    """A complete snapshot. number: of its id."""
    held = {
        name: SnapshotOfTable(STREAM, 10 + number, make_seq(7, 3), make_seq(7, 9), (1, 2))
        for name in tables
    }
    files = tuple(SnapshotFile(f"s3://b/{name}", name, 5, 100, "") for name in tables)
    return Snapshot(f"20260101T0000{number:02}-x", source, "a", 1000, 2000, 3000, held, files)


def test_the_snapshots_of_a_table_come_in_pages(
    setup: HistorySetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = "market.listings", "market.other"
    for each in (
        snapshot(1, (mine, other)),
        snapshot(2, (other,)),
        snapshot(3, (mine,)),
        snapshot(4, (mine,), source="another"),
        snapshot(5, (mine,)),
    ):
        setup.snapshots.put(each)
    monkeypatch.setattr(table_snapshots, "MOST_READ", 2)
    get = asking(lambda: setup)
    found, page, pages = list[dict[str, Any]](), "", 0
    while True:
        paged = {"page": page} if page else {}
        status, told, _ = get("/snapshots", table="listings", limit="1", **paged)
        assert (status, len(told["snapshots"]) <= 1) == (200, True)
        found, pages = found + told["snapshots"], pages + 1
        if not (page := told["next"]):
            break
    assert [each["id"][13:15] for each in found] == ["01", "03", "05"]
    assert pages >= 3
    assert told["archived_through"]
    assert found[0] == {
        "id": "20260101T000001-x",
        "began_at": "1970-01-01T00:00:01.000Z",
        "ended_at": "1970-01-01T00:00:02.000Z",
        "kept_until": "1970-01-01T00:00:03.000Z",
        "rows": 11,
        "bytes": 100,
        "stream": STREAM,
        "floor": {"epoch": 7, "n": 3},
        "ceiling": {"epoch": 7, "n": 9},
        "schema_versions": [1, 2],
    }


def test_the_command_lists_what_the_api_answers(
    setup: HistorySetup, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    setup.snapshots.put(snapshot(1, ("market.listings",)))
    monkeypatch.setattr(command, "open_stage", lambda *_: SimpleNamespace(history=lambda: setup))
    get = asking(lambda: setup)
    command.list_snapshots("listings", as_json=True)
    assert json.loads(capsys.readouterr().out) == get("/snapshots", table="listings")[1]
    command.list_snapshots("market.listings")
    assert "11 rows, exact from shop 7/9 on" in capsys.readouterr().out
