"""Programs are unpacked once, whole or not at all, and only into their folder."""

import multiprocessing
import os
import stat
import time
import zipfile
from pathlib import Path

import pytest

from local.install import debian
from local.install.distribution import inside, install, unzip
from shared.values.errors import RowlineError


def fill_slowly(folder: Path) -> None:
    (folder / "program").write_text("first half")
    time.sleep(0.3)
    with (folder.parent / "fills").open("a") as log:
        log.write("x")
    (folder / "program").write_text("whole")


def install_in_a_process(dist: Path, start: object) -> None:
    start.wait()  # type: ignore[attr-defined]
    place = install(dist, "thing-1", fill_slowly)
    assert (place / "program").read_text() == "whole"


def test_of_two_processes_one_unpacks_and_both_find_it_whole(tmp_path):
    context = multiprocessing.get_context("spawn")
    start = context.Event()
    processes = [
        context.Process(target=install_in_a_process, args=(tmp_path, start)) for _ in range(3)
    ]
    for one in processes:
        one.start()
    start.set()
    for one in processes:
        one.join()
    assert [one.exitcode for one in processes] == [0, 0, 0]
    assert (tmp_path / "fills").read_text() == "x"


def test_half_unpacked_does_not_count_and_is_removed(tmp_path):
    def fail(folder: Path) -> None:
        (folder / "program").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install(tmp_path, "thing-1", fail)
    assert not (tmp_path / "thing-1").exists()
    place = install(tmp_path, "thing-1", lambda folder: (folder / "program").write_text("whole"))
    assert (place / "program").read_text() == "whole"
    assert sorted(os.listdir(tmp_path)) == ["thing-1", "thing-1.lock"]


def test_others_may_read_and_run_it_whatever_the_umask(tmp_path):
    def fill(folder: Path) -> None:
        (folder / "bin").mkdir(mode=0o700)
        (folder / "bin/server").touch(mode=0o700)
        (folder / "readme").touch(mode=0o600)

    before = os.umask(0o077)
    try:
        place = install(tmp_path, "thing-1", fill)
    finally:
        os.umask(before)
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) & 0o055 for path in (place, *place.rglob("*"))
    }
    assert modes == {"thing-1": 0o055, "bin": 0o055, "server": 0o055, "readme": 0o044}


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "..", ""])
def test_members_that_point_outside_are_refused(tmp_path, name):
    with pytest.raises(RowlineError, match="outside"):
        inside(tmp_path, name)


def test_zip_with_a_member_outside_writes_nothing_there(tmp_path):
    archive, into = tmp_path / "a.zip", tmp_path / "in/to"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("server/../../../evil", "x")
    into.mkdir(parents=True)
    with pytest.raises(RowlineError, match="evil"):
        unzip(archive, into, below="server/")
    assert not (tmp_path / "evil").exists()


def test_zip_keeps_permissions_and_leaves_out_other_folders(tmp_path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        member = zipfile.ZipInfo("server/bin/run")
        member.external_attr = 0o755 << 16
        zipped.writestr(member, "#!")
        zipped.writestr("META-INF/x", "")
    unzip(archive, tmp_path / "in", below="server/")
    assert os.access(tmp_path / "in/bin/run", os.X_OK)
    assert os.listdir(tmp_path / "in") == ["bin"]


def test_mirror_is_the_one_that_apt_uses(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("# deb http://old.example.org/debian sid main\n")
    (tmp_path / "sources.list.d/a.sources").write_text(
        "Types: deb\nURIs: https://tools.example.org/apt/\nSuites: stable\n"
    )
    (tmp_path / "sources.list.d/b.sources").write_text(
        "URIs: http://security.example.org/debian-security\nURIs: http://mirror.example.org/debian/\n"
    )
    assert debian._mirror(tmp_path) == "http://mirror.example.org/debian"


def test_machine_without_an_archive_says_so(tmp_path):
    with pytest.raises(RowlineError, match="ROWLINE_DEBIAN_MIRROR"):
        debian._mirror(tmp_path)
