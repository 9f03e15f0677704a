"""Whoever may read one server at the same time does so under another server_id."""

from shared.flows.relay.reading.connecting import server_id


def test_relays_stages_and_successive_holders_have_different_ids() -> None:
    scopes = [
        f"rowline-{stage}/{relay}" for stage in ("dev", "prod") for relay in ("shop", "shopEvents")
    ]
    ids = {server_id(scope, token) for scope in scopes for token in range(16)}
    assert len(ids) == 16 * len(scopes)
    assert all(1 << 31 <= each < 3 << 30 for each in ids)
    assert {each ^ (1 << 30) for each in ids}.isdisjoint(ids), (
        "the reader's second connection has one of its own"
    )
