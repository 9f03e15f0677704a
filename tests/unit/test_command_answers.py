"""What commands answer where nobody looks: in scripts, pipes and narrow terminals."""

import io
import json
from types import SimpleNamespace
from typing import Any

import pytest

from cli.commands import jobs, parked, source
from cli.commands.init import _name as source_name
from cli.ui.duration import seconds_of
from cli.ui.moment import moment
from shared.flows.trace.sought_change import by_key
from shared.values.errors import ConfigError
from shared.values.job import Job, VerifyWork
from shared.values.key_hash import key_hash
from tests.worlds.consumer_world import consumer_settings


def stage(**parts: Any) -> SimpleNamespace:
    return SimpleNamespace(
        full_name="shop-dev",
        consumer=lambda name: consumer_settings(),
        settings=SimpleNamespace(consumers={"search": consumer_settings()}),
        **parts,
    )


def test_a_list_of_jobs_is_whole_in_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    id, outcome = "20261127T021500-3fa9c1", "failed: the source did not answer; " * 5
    job = Job(id, "search", VerifyWork(), began_ms=1_000, by="ann@desk", outcome=outcome.strip())
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(jobs, "open_stage", lambda *_: stage(state=None))
    monkeypatch.setattr(jobs.job_control, "jobs_of", lambda *_: [job])
    jobs.list_jobs()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert id in lines[1]
    assert outcome.strip() in lines[1]
    assert "1970-01-01T00:00:01Z" in lines[1], "UTC, and it says so"


@pytest.mark.parametrize(
    ("state", "outcome", "said"),
    [
        ("running", "", "running"),
        ("cancelled", "cancelled", "cancelled"),
        ("cancelled", "cancelled; 3 rows stay closed", "cancelled; 3 rows stay closed"),
        ("paused", "somebody asked it to stop (pause).", "paused, somebody asked it to stop"),
    ],
)
def test_a_job_says_once_what_became_of_it(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    state: Any,
    outcome: str,
    said: str,
) -> None:
    job = Job("20261127T021500-3fa9c1", "search", VerifyWork(), state=state, outcome=outcome)
    monkeypatch.setattr(jobs, "open_stage", lambda *_: stage(state=None))
    monkeypatch.setattr(jobs.job_control, "find", lambda *_: job)
    jobs.show(job.id)
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith(f"verify {job.id} of search: {said}")
    assert first.count(state) == 1


def test_json_has_the_fields_that_are_stored_only_where_they_differ(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    job = Job("20261127T021500-3fa9c1", "search", VerifyWork())
    monkeypatch.setattr(jobs, "open_stage", lambda *_: stage(state=None))
    monkeypatch.setattr(jobs.job_control, "jobs_of", lambda *_: [job])
    jobs.list_jobs(as_json=True)
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["state"], told["outcome"], told["ended_ms"]) == (
        "verify",
        "running",
        "",
        0,
    )
    assert told["work"]["chosen"] == []


def test_nothing_to_drop_is_json_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = SimpleNamespace(parked=SimpleNamespace(all=lambda name: iter(())))
    monkeypatch.setattr(parked, "open_stage", lambda *_: stage(state=nothing))
    parked.drop("search", where="", yes=True, as_json=True)
    assert json.loads(capsys.readouterr().out)["chosen"] == 0


def test_a_reset_without_a_terminal_says_how_to_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "open_stage", lambda *_: stage(source=lambda name: name))
    named = SimpleNamespace(source=SimpleNamespace(name="shop"))
    monkeypatch.setattr(source, "foreground", lambda *_: named)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(ConfigError, match=r"source shop: .* earliest .*--yes"):
        source.reset("shop", start="earliest")


def test_moments_can_be_given_back() -> None:
    assert moment(1_795_737_600_000) == "2026-11-27T00:00:00Z"
    assert moment(0) == "-"


@pytest.mark.parametrize("text", ["²d", "", "d", "9" * 400 + "d", "7D", "-1d"])
def test_a_span_of_time_that_is_none(text: str) -> None:
    with pytest.raises(ConfigError, match="no span of time"):
        seconds_of(text)


@pytest.mark.parametrize(
    ("database", "name"),
    [("Shop", "shop"), ("my-db", "myDb"), ("1a", "db1a"), ("A" * 60, "a" + "A" * 39)],
)
def test_the_name_of_a_source_is_one_that_the_plugin_takes(database: str, name: str) -> None:
    assert source_name(database) == name


def test_a_comma_in_a_key() -> None:
    assert by_key(r"a.b:x\,y,C:\z").hash == key_hash(["x,y", "C:\\z"])
