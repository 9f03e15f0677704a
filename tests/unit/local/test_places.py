"""Names, folders, accounts and ports of a stage."""

import os
import socket
from pathlib import Path

import pytest

from local import home
from local.servers import ports, server_account
from shared.values.errors import ConfigError, RowlineError


@pytest.mark.parametrize("name", ["stage", "test", "a", "my-copy-2"])
def test_names_that_may_be(name):
    assert home.checked_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "..", "../x", "a/b", "A", "-a", ".hidden", "dist", "x" * 32, "a b", "ä", "a\n"]
)
def test_names_that_may_not_be(name):
    with pytest.raises(ConfigError):
        home.checked_name(name)


@pytest.fixture
def var_tmp(tmp_path, monkeypatch):
    place = tmp_path / "var-tmp"
    place.mkdir()
    monkeypatch.setattr(home, "FALLBACK_PARENT", place)
    return place


def test_an_open_checkout_keeps_everything_in_itself(tmp_path, var_tmp, monkeypatch):
    monkeypatch.setattr(home, "traversable_by_others", lambda _: True)
    found = home.home(tmp_path, other_user=True)
    assert (found.record, found.base, found.is_elsewhere) == (
        tmp_path / ".local",
        tmp_path / ".local",
        False,
    )


def test_servers_of_another_user_leave_a_closed_folder(tmp_path, var_tmp):
    closed = tmp_path / "root/checkout"
    closed.mkdir(parents=True)
    (tmp_path / "root").chmod(0o700)
    found = home.home(closed, other_user=True)
    assert (found.record, found.base.parent, found.is_elsewhere) == (
        closed / ".local",
        var_tmp,
        True,
    )
    assert home.home(closed, other_user=True) == found
    assert home.home(closed, other_user=False).base == closed / ".local"


def test_two_closed_checkouts_have_two_folders(tmp_path, var_tmp):
    (tmp_path / "root").mkdir(mode=0o700)
    bases = set()
    for name in ("one", "two"):
        (tmp_path / "root" / name).mkdir()
        bases.add(home.home(tmp_path / "root" / name, other_user=True).base)
    assert len(bases) == 2


def test_a_link_that_somebody_put_in_its_place_is_refused(tmp_path, var_tmp):
    closed = tmp_path / "root/checkout"
    closed.mkdir(parents=True)
    (tmp_path / "root").chmod(0o700)
    base = home.home(closed, other_user=True).base
    base.rmdir()
    (tmp_path / "elsewhere").mkdir()
    base.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RowlineError, match="not a folder"):
        home.home(closed, other_user=True)


def test_folder_that_others_may_not_traverse(tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a").chmod(0o700)
    assert not home.traversable_by_others(tmp_path / "a/b")
    assert home.traversable_by_others(Path("/"))


def test_root_has_an_account_a_checkout_and_others_run_servers_themselves(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    one, two = server_account.server_account(Path("/a")), server_account.server_account(Path("/b"))
    assert one != two
    assert all(found.uid and 61184 <= found.uid <= 65519 for found in (one, two))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert server_account.server_account(Path("/a")).popen_options() == {}


def test_a_taken_port_is_not_chosen():
    first = ports.choose("somebody")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first))
        taken.listen()
        assert not ports.is_free(first)
        assert ports.choose("somebody", preferred=first) != first


def test_a_port_is_kept_while_it_is_free():
    first = ports.choose("keeper")
    assert ports.choose("keeper", preferred=first) == first


def test_servers_that_start_together_get_different_ports():
    assert len({ports.choose("same") for _ in range(20)}) == 20


def test_ports_lie_below_those_of_outgoing_connections():
    assert 20000 <= ports.choose("low") < 32000
