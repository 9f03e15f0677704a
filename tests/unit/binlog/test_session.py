"""A session that another thread cuts in the middle of a question."""

from typing import Any

import pymysql
import pytest

from shared.adapters.binlog.replication_connection import Session
from shared.values import source_endpoint
from shared.values.errors import SourceUnavailable
from shared.values.position import Position


class CutHere:
    """A connection that somebody closes during each question, as PyMySQL shows it then."""

    def __init__(self) -> None:
        self.session: Session | None = None
        self._sock: Any = object()

    def get_server_info(self) -> str:
        return "11.4.2-MariaDB-log"

    def cursor(self) -> "CutHere":
        return self

    def __enter__(self) -> "CutHere":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def execute(self, _sql: str, _parameters: object) -> None:
        if self.session:
            self.session.close()
            raise AttributeError("'NoneType' object has no attribute 'read'")

    def _force_close(self) -> None:
        self._sock = None


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> CutHere:
    made = CutHere()
    monkeypatch.setattr(pymysql, "connect", lambda **_: made)
    return made


def test_a_question_that_is_cut_says_that_the_source_is_away(connection: CutHere) -> None:
    session = Session(source_endpoint.parse("mysql://reader:pw@db:3306"))
    connection.session = session
    with pytest.raises(SourceUnavailable, match="was closed"):
        session.query("SELECT 1")
    with pytest.raises(SourceUnavailable, match="was closed"):
        session.dump(Position("bin.000001", 4), 7)


def test_another_fault_is_not_taken_for_a_closed_connection(
    connection: CutHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_sql: str, _parameters: object) -> None:
        raise AttributeError("a fault of ours")

    session = Session(source_endpoint.parse("mysql://reader:pw@db:3306"))
    monkeypatch.setattr(connection, "execute", broken)
    with pytest.raises(AttributeError, match="ours"):
        session.query("SELECT 1")
