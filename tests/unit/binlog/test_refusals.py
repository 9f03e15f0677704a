"""What a server says instead of sending its binlog, as recorded: each with the way out."""

import struct

import pytest

from shared.adapters.binlog.server_errors import refusal
from shared.flows.relay.position_lost import with_way_out
from shared.values.errors import PositionLost, SourceError
from shared.values.source_endpoint import parse

ENDPOINT = parse("mysql://rowline:secret@db.example.com")


def error(text: str) -> SourceError:
    return refusal(b"\xff" + struct.pack("<H", 1236) + b"#HY000" + text.encode(), ENDPOINT)


@pytest.mark.parametrize(
    "text",
    [
        # MariaDB 11.4
        "binlog truncated in the middle of event; consider out of disk space on master; "
        "the first event 'bin.000005' at 769, the last event read "
        "from 'bin.000005' at 769, the last byte read from 'bin.000005' at 788.",
        "bogus data in log event; the first event 'bin.000005' at 783, the last event "
        "read from 'bin.000005' at 783, the last byte read from 'bin.000005' at 802.",
        "log event entry exceeded max_allowed_packet; Increase max_allowed_packet on "
        "master; the first event 'bin.000005' at 797, the last event "
        "read from 'bin.000005' at 797, the last byte read from 'bin.000005' at 816.",
        # MySQL 9.7
        "log event entry exceeded max_allowed_packet; Increase max_allowed_packet on "
        "source; the first event 'bin.000002' at 767, the last event "
        "read from './bin.000002' at 127, the last byte read from './bin.000002' at 786.",
        "Client requested source to start replication from position < 4",
    ],
)
def test_a_position_within_an_event_is_told_with_where_events_begin(text: str) -> None:
    found = error(text)
    assert not isinstance(found, PositionLost), "nothing is lost: a wrong number was typed"
    assert "no event at the position asked for" in found.what
    assert "SHOW BINLOG EVENTS" in found.hint
    assert text.rstrip(".") in found.what


@pytest.mark.parametrize(
    "text",
    [
        "Could not find first log file name in binary log index file",
        "Client requested master to start replication from impossible position; the first "
        "event 'bin.000005' at 4711",
    ],
)
def test_a_position_that_is_gone_is_lost(text: str) -> None:
    assert isinstance(error(text), PositionLost)


def test_a_relay_whose_binlog_is_purged_gets_one_way_out_and_the_cause() -> None:
    """The server's words are for every reader; only the relay knows how a stream starts again."""
    lost = error("Could not find first log file name in binary log index file")
    assert isinstance(lost, PositionLost)
    hint = with_way_out(lost, "shop").hint
    assert hint.startswith("Start again with `rowline source reset shop` and backfill")
    assert hint.lower().count("start again") == hint.count("backfill") == 1
    assert "Keep binlogs longer" in hint
