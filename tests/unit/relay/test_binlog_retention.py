"""The relay knows how long its source keeps binlogs, also while the source does not answer."""

from typing import Any

import pytest

from shared.flows.relay.binlog_retention import ASK_SECONDS, BinlogRetention
from shared.values.errors import SourceUnavailable
from tests.worlds.twins.database import MemoryDatabase


class RetentionSource:
    """Answers with the setting, or not at all."""

    def __init__(self, database: MemoryDatabase) -> None:
        self.database, self.asked, self.away = database, 0, False

    def open(self) -> Any:
        self.asked += 1
        if self.away:
            raise SourceUnavailable("does not answer.", thing="source db", hint="")
        return self.database


@pytest.fixture
def source() -> RetentionSource:
    return RetentionSource(MemoryDatabase())


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"binlog_expire_logs_seconds": "86400"}, 86_400),
        ({"binlog_expire_logs_seconds": "0", "expire_logs_days": "1.5"}, 129_600),
        ({"binlog_expire_logs_seconds": "0"}, 0),
    ],
)
def test_the_figure_is_what_the_server_says(
    source: RetentionSource, settings: dict[str, str], kept: int
) -> None:
    source.database.settings = settings
    binlogs = BinlogRetention(source.open, {})
    assert binlogs.shown == {}
    binlogs.look(10.0)
    assert binlogs.shown == {"binlog_kept_s": kept}


def test_a_relay_that_cannot_ask_shows_what_the_former_one_heard(source: RetentionSource) -> None:
    source.away = True
    binlogs = BinlogRetention(source.open, {"binlog_kept_s": 7200, "lag_ms": 3})
    binlogs.look(10.0)
    assert binlogs.shown == {"binlog_kept_s": 7200}


def test_the_source_is_asked_once_an_hour(source: RetentionSource) -> None:
    binlogs = BinlogRetention(source.open, {})
    for now in (10.0, 20.0, 10.0 + ASK_SECONDS - 1, 10.0 + ASK_SECONDS):
        binlogs.look(now)
    assert source.asked == 2
