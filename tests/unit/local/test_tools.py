"""What is missing on the machine is named in one paragraph, with the fix."""

import hashlib
import os
import platform
from pathlib import Path

import pytest

from local import elsewhere, stage_secrets
from local.install import debian, java, maven
from local.servers import mariadb
from local.stage_record import StageRecord
from shared.values.errors import RowlineError, SearchUnavailable, SourceUnavailable


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """`tool(name, script)` puts a program of that name, and nothing else, on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def make(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\nPATH={os.defpath}:/usr/bin:/bin\n{script}\n")
        (folder / name).chmod(0o755)

    return make


def test_no_maven(tool, tmp_path):
    with pytest.raises(RowlineError, match=r"Maven.*not installed.*apt install maven"):
        maven.fetch("a:b:1", "0", tmp_path)


def test_maven_cannot_reach_its_repository(tool, tmp_path):
    tool("mvn", 'echo "[ERROR] Could not transfer artifact a:b:1"; exit 1')
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(
        RowlineError, match=r"a:b:1: could not be fetched by Maven: Could not transfer.*mirror"
    ):
        maven.fetch("a:b:1", "0", into)


def test_maven_brings_another_file_than_was_pinned(tool, tmp_path):
    into = tmp_path / "into"
    into.mkdir()
    tool("mvn", f"echo hello > {into}/b-1.jar")
    with pytest.raises(RowlineError, match="not the file that was pinned"):
        maven.fetch("a:b:1", "0" * 64, into)
    assert maven.fetch("a:b:1", hashlib.sha256(b"hello\n").hexdigest(), into).name == "b-1.jar"


def test_maven_runs_briefly_unless_the_user_says_otherwise(tool, tmp_path, monkeypatch):
    tool("mvn", 'echo "[ERROR] $MAVEN_OPTS"; exit 1')
    monkeypatch.delenv("MAVEN_OPTS", raising=False)
    with pytest.raises(RowlineError, match="TieredStopAtLevel=1"):
        maven.fetch("a:b:1", "0", tmp_path)
    monkeypatch.setenv("MAVEN_OPTS", "-Dproxy=mine")
    with pytest.raises(RowlineError, match=r"by Maven: -Dproxy=mine\s"):
        maven.fetch("a:b:1", "0", tmp_path)


def test_no_java(tool):
    with pytest.raises(RowlineError, match=r"Java.*not installed.*JDK 17"):
        java.java_home(17)


def test_java_too_old(tool):
    tool(
        "java",
        'printf "    java.home = /usr/lib/jvm/11\\n    java.specification.version = 11\\n" >&2',
    )
    with pytest.raises(RowlineError, match="is version 11; Elasticsearch needs 17"):
        java.java_home(17)


def test_java_says_where_it_lives(tool):
    tool(
        "java",
        'printf "    java.home = /usr/lib/jvm/21\\n    java.specification.version = 21\\n" >&2',
    )
    assert java.java_home(17) == Path("/usr/lib/jvm/21")


def test_no_debian(tool, tmp_path):
    with pytest.raises(RowlineError, match="mysql-server-core: needs Debian's apt-get"):
        debian.unpack("mysql-server-core", "sid", tmp_path)


def test_database_for_another_machine_says_so_first_and_what_to_do(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert not mariadb.is_available()
    said = str(mariadb.unavailable())
    assert said.startswith("the embedded database: has no build for")
    assert "arm64" in said
    assert "ROWLINE_SOURCE=mysql://" in said
    assert "docker compose up" in said


def test_servers_elsewhere_that_do_not_answer():
    with pytest.raises(SourceUnavailable, match=r"me@127\.0\.0\.1:1: .*ROWLINE_SOURCE") as error:
        elsewhere.check("mariadb", "mysql://me:secret@127.0.0.1:1")
    assert "secret" not in str(error.value)
    with pytest.raises(
        SearchUnavailable, match=r"http://127\.0\.0\.1:1: .*ROWLINE_ELASTICSEARCH"
    ) as error:
        elsewhere.check("elasticsearch", "http://me:secret@127.0.0.1:1")
    assert "secret" not in str(error.value)
    with pytest.raises(RowlineError, match="AWS_ENDPOINT_URL"):
        elsewhere.check("emulator", "file:///etc/passwd")


def secret(url, old=None):
    return stage_secrets.merged(old or {}, stage_secrets.search_secret(url))


def test_secret_for_elasticsearch_has_the_login_apart():
    assert secret("http://127.0.0.1:9200") == {"url": "http://127.0.0.1:9200"}
    assert secret("https://me:p%40ss@es.example:9243/x") == {
        "url": "https://es.example:9243/x",
        "username": "me",
        "password": "p@ss",
    }


def test_secret_keeps_what_its_user_put_there_and_no_old_login():
    old = {"url": "http://old:1", "username": "me", "password": "pw", "ca": "PEM"}
    assert secret("http://127.0.0.1:9200", old) == {"url": "http://127.0.0.1:9200", "ca": "PEM"}
    source = stage_secrets.source_secret("mysql://rowline:pw@127.0.0.1:3306")
    assert stage_secrets.merged({"mask_key": "m", "port": 1}, source) == {
        "mask_key": "m",
        **source,
    }


STAGES = {
    "stage": StageRecord("/b", {}, {"ROWLINE_SOURCE": "mysql://a", "AWS_ENDPOINT_URL": "http://a"}),
    "mine": StageRecord("/b", {"mariadb": "mysql://mine"}, {"ROWLINE_SOURCE": "mysql://mine"}),
}


def test_a_shell_of_another_local_stage_points_nothing_elsewhere():
    said = []
    environ = {"ROWLINE_SOURCE": "mysql://a", "AWS_ENDPOINT_URL": "http://a"}
    assert elsewhere.chosen(environ, STAGES, said.append) == {}
    assert said == [
        f"{variable} is that of local stage stage: it points nothing elsewhere"
        for variable in ("ROWLINE_SOURCE", "AWS_ENDPOINT_URL")
    ]


def test_a_server_of_the_users_own_stays_elsewhere_when_the_stage_starts_again():
    """Its address is in the stage's record too, as what the stage's variables lead to."""
    assert elsewhere.chosen({"ROWLINE_SOURCE": "mysql://mine"}, STAGES) == {
        "mariadb": "mysql://mine"
    }
