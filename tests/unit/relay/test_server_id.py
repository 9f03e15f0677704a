"""Whoever may read one server at the same time does so under another server_id."""

import pytest

from shared.adapters.binlog import side_reading
from shared.flows.relay.reading.connecting import server_id
from shared.values import source_endpoint
from shared.values.errors import SourceUnavailable
from shared.values.position import Position


def test_relays_stages_and_successive_holders_have_different_ids() -> None:
    scopes = [
        f"rowline-{stage}/{relay}" for stage in ("dev", "prod") for relay in ("shop", "shopEvents")
    ]
    ids = {server_id(scope, token) for scope in scopes for token in range(16)}
    assert len(ids) == 16 * len(scopes)
    assert all(1 << 31 <= each < 3 << 30 for each in ids)


def test_connections_beside_a_reader_take_turns_with_a_few_ids(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    used: list[int] = []

    class Answering:
        def __init__(self, _endpoint: object) -> None:
            pass

        def dump(self, _start: object, server_id: int, heartbeat_seconds: float) -> None:
            used.append(server_id)
            assert heartbeat_seconds <= 0.1, "or closed connections fill the server"
            raise SourceUnavailable("is not there.", thing="the server")

        def close(self) -> None:
            pass

    monkeypatch.setattr(side_reading, "Session", Answering)
    reading = side_reading.SideReading(source_endpoint.parse("mysql://reader@db"))
    for _ in range(40):
        with pytest.raises(SourceUnavailable):
            next(reading.events(Position("bin.000001", 4)))
    assert len(set(used)) == 8
    assert all(len(set(used[at : at + 8])) == 8 for at in range(32))
    assert min(used) >= 3 << 30, "no relay has such an id"
    assert max(used) < 1 << 32
