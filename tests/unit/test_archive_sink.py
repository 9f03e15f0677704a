"""The archive's sink: what it writes, and what it refuses."""

import json
from typing import Any

import msgspec
import pytest

from shared.domain.archive_ledger import Ledger
from shared.domain.sink import Arrival, Slice, Surroundings
from shared.flows.archive.landed_rows import LandedObject, new_rows
from shared.flows.consume import sinks
from shared.flows.consume.sinks.archive import ArchiveSink
from shared.values import landing_encoding
from shared.values.change import Change, Transaction
from shared.values.errors import ConfigError
from shared.values.message import Message
from shared.values.settings import ConsumerSettings
from tests.worlds.archive_world import change, message
from tests.worlds.twins.landing import MemoryLanding
from tests.worlds.twins.state import memory_state


def arrivals(*changes: Change, carrier: Message | None = None) -> list[Arrival]:
    carrier = carrier or message(list(changes))
    return [Arrival(carrier, "live", each, 100) for each in changes]


def landed_ids(landing: MemoryLanding) -> list[str]:
    return [
        change.id
        for _, body in landing.objects.values()
        for message in landing_encoding.decode(body)
        for change in message.changes
    ]


def test_a_slice_is_one_object_with_its_messages() -> None:
    landing = MemoryLanding()
    first, second = arrivals(change(1), change(2)), arrivals(change(3))
    outcomes = ArchiveSink(landing).apply(Slice([*first, *second]))
    assert [each.kind for each in outcomes] == ["applied"] * 3
    ((_, body),) = landing.objects.values()
    assert [len(each.changes) for each in landing_encoding.decode(body)] == [2, 1]


def test_a_slice_that_comes_again_replaces_its_own_object() -> None:
    landing = MemoryLanding()
    for _ in range(3):
        ArchiveSink(landing).apply(Slice(arrivals(change(1), change(2))))
    ArchiveSink(landing).apply(Slice(arrivals(change(1), change(2), change(3))))
    assert len(landing.objects) == 2


BAD: list[tuple[dict[str, Any], str]] = [
    ({"id": ""}, "id"),
    ({"seq": 0}, "seq"),
    ({"seq": -5}, "seq"),
    ({"seq": 1 << 63}, "seq"),
    ({"seq": 900_000_000 << 32}, "seq"),
    ({"ts_ms": -1}, "ts_ms"),
    ({"ts_ms": 1 << 60}, "ts_ms"),
    ({"key": {}}, "key"),
    ({"claim": "s3://gone/row"}, "claim"),
    ({"after": None}, "after"),
    ({"op": "c"}, "before"),
    ({"op": "d"}, "after"),
    ({"op": "t"}, "truncate"),
    ({"tx": Transaction("t", 1 << 63, True)}, "tx"),
    ({"tx": Transaction("t", -1, True)}, "tx"),
    ({"id": "a\ud800"}, "message"),
    ({"tx": Transaction("\udc00", 0, True)}, "message"),
]


@pytest.mark.parametrize(("wrong", "reason"), BAD, ids=lambda each: str(each)[:30])
def test_a_malformed_change_is_refused_alone(wrong: dict[str, Any], reason: str) -> None:
    landing = MemoryLanding()
    bad = msgspec.structs.replace(change(2), **wrong)
    outcomes = ArchiveSink(landing).apply(Slice(arrivals(change(1), bad, change(3))))
    assert [each.kind for each in outcomes] == ["applied", "refused", "applied"]
    assert outcomes[1].reason.startswith(reason)
    assert landed_ids(landing) == [change(1).id, change(3).id]


@pytest.mark.parametrize(
    "wrong",
    [
        {"schema_version": 1 << 31},
        {"schema_version": -1},
        {"group": "\ud800"},
        {"source": "\udfff"},
    ],
    ids=str,
)
def test_a_message_that_the_table_cannot_hold_is_refused(wrong: dict[str, Any]) -> None:
    carrier = msgspec.structs.replace(message([change(1)]), **wrong)
    (outcome,) = ArchiveSink(MemoryLanding()).apply(Slice(arrivals(change(1), carrier=carrier)))
    assert outcome.kind == "refused"


def test_an_outage_of_the_landing_fails_what_is_sound() -> None:
    landing = MemoryLanding()
    landing.down = True
    bad = msgspec.structs.replace(change(2), id="")
    outcomes = ArchiveSink(landing).apply(Slice(arrivals(change(1), bad)))
    assert [each.kind for each in outcomes] == ["failed", "refused"]
    landing.down = False
    assert ArchiveSink(landing).apply(Slice(arrivals(change(1))))[0].kind == "applied"


def test_nothing_is_written_when_time_is_over() -> None:
    landing = MemoryLanding()
    outcomes = ArchiveSink(landing).apply(Slice(arrivals(change(1)), may_go_on=lambda: False))
    assert (outcomes[0].kind, landing.objects) == ("failed", {})


@pytest.mark.parametrize(
    "text",
    ["plain", "ü 漢 😀", "a\nb\tc", "\ufffe\uffff", "\x00\x1f", 'a "b\\', "\ud800 alone"],
)
def test_values_come_out_of_the_table_as_they_went_in(text: str) -> None:
    landing = MemoryLanding()
    odd = msgspec.structs.replace(change(1), after={"id": 1, "title": text, "big": 2**64})
    ArchiveSink(landing).apply(Slice(arrivals(odd)))
    ((_, body),) = landing.objects.values()
    rows = new_rows([LandedObject(landing_encoding.decode(body), 0)], Ledger()).table
    assert rows is not None
    (after,) = rows.column("after").to_pylist()
    assert json.loads(after) == {"id": 1, "title": text, "big": 2**64}


def test_rows_that_are_sent_again_do_not_take_the_numbers_of_changes() -> None:
    landing = MemoryLanding()
    lanes = [Arrival(message([change(1)]), lane, change(1), 100) for lane in ("backfill", "replay")]
    outcomes = ArchiveSink(landing).apply(Slice([*lanes, *arrivals(change(2))]))
    assert [each.kind for each in outcomes] == ["superseded", "superseded", "applied"]
    assert landed_ids(landing) == [change(2).id]


@pytest.mark.parametrize("via", ["s3", "firehose"])
def test_a_job_that_writes_nothing_needs_no_name_of_the_function(
    via: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the jobs function nor a command has all of the consumer's variables."""
    for name in ("ROWLINE_ARCHIVE_BUCKET", "ROWLINE_ARCHIVE_STREAM"):
        monkeypatch.delenv(name, raising=False)
    consumer = ConsumerSettings("archiveShop", "shop", (), {"kind": "archive", "via": via})
    sink = sinks.build(Surroundings(consumer, memory_state(), lambda *_: {}))
    with pytest.raises(ConfigError, match="ROWLINE_ARCHIVE_BUCKET"):
        sink.apply(Slice(arrivals(change(1))))
