"""The archive with `via: firehose`: each change once, whatever Firehose does."""

import gzip
import random
from typing import Any

import msgspec
import pytest

from shared.adapters.firehose.contract import MOST_RECORD
from shared.domain import gate_transitions
from shared.domain.archive_ledger import Ledger
from shared.domain.firehose_records import FULL, pack
from shared.domain.sink import Arrival, Slice
from shared.flows.archive.committing import Committer
from shared.flows.archive.landed_rows import LandedObject, new_rows
from shared.flows.consume.sinks.archive import ArchiveSink
from shared.values import landing_encoding
from shared.values.change import Change
from tests.tier import SEED, TIER
from tests.unit.test_archive_kills import ArchivedHere
from tests.worlds.archive_world import change, message
from tests.worlds.drain_world import NAME
from tests.worlds.twins.firehose import MemoryStream
from tests.worlds.twins.lake import MemoryLake
from tests.worlds.twins.landing import MemoryLanding


def arrivals(*messages: list[Change]) -> list[Arrival]:
    return [
        Arrival(carrier, "live", each, 100)
        for some in messages
        for carrier in [message(some)]
        for each in some
    ]


def wide(n: int, size: int) -> Change:
    return msgspec.structs.replace(change(n), after={"id": n, "text": "x" * size})


def numbers(*bodies: bytes) -> list[int]:
    rows = new_rows(
        [LandedObject(landing_encoding.decode(each), 0) for each in bodies], Ledger()
    ).table
    return [] if rows is None else sorted(rows.column("n").to_pylist())


def test_records_are_the_lines_of_a_landing_object() -> None:
    landing = MemoryLanding()
    stream = MemoryStream(landing)
    outcomes = ArchiveSink(landing, stream).apply(
        Slice(arrivals([change(1), change(2)], [change(3)]))
    )
    assert [each.kind for each in outcomes] == ["applied"] * 3
    assert not landing.objects, "Firehose has it, and the landing nothing yet"
    stream.deliver()
    ((_, body),) = landing.objects.values()
    assert [len(each.changes) for each in landing_encoding.decode(body)] == [2, 1]


def test_gzip_of_several_members_is_one_object() -> None:
    lines = [landing_encoding.line(message([change(n)])) for n in range(1, 6)]
    assert numbers(gzip.compress(b"".join(lines[:2])) + gzip.compress(b"".join(lines[2:]))) == [
        *range(1, 6)
    ]


@pytest.mark.parametrize("cut", [1, 9, 40, -1])
def test_a_damaged_gzip_object_is_a_value_error(cut: int) -> None:
    body = gzip.compress(landing_encoding.line(message([change(1)])))
    with pytest.raises(ValueError):
        landing_encoding.decode(body[:cut])


def test_a_bomb_is_not_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing_encoding, "MOST_BYTES", 1000)
    with pytest.raises(ValueError):
        landing_encoding.decode(gzip.compress(b"x" * 600) + gzip.compress(b"x" * 600))


def test_a_change_too_large_for_a_record_lands_in_s3() -> None:
    landing = MemoryLanding()
    stream = MemoryStream(landing)
    some = arrivals([change(1), wide(2, MOST_RECORD), change(3)], [change(4)])
    assert {each.kind for each in ArchiveSink(landing, stream).apply(Slice(some))} == {"applied"}
    ((_, body),) = landing.objects.values()
    assert numbers(body) == [2]
    stream.deliver()
    assert numbers(*(body for _, body in landing.objects.values())) == [1, 2, 3, 4]


def test_a_message_too_large_for_a_record_is_cut_between_its_changes() -> None:
    many = [wide(n, MOST_RECORD // 5) for n in range(1, 12)]
    records, large = pack(arrivals(many, [change(12)]), MOST_RECORD)
    assert not large
    assert all(len(each.body) <= MOST_RECORD for each in records)
    assert sorted(at for each in records for at in each.places) == list(range(12))
    assert numbers(*(gzip.compress(each.body) for each in records)) == list(range(1, 13))


def test_small_messages_share_a_record() -> None:
    records, _ = pack(arrivals(*([change(n)] for n in range(1, 2001))), MOST_RECORD)
    size = sum(len(each.body) for each in records)
    assert len(records) <= size / FULL + 2


def test_only_changes_of_records_that_were_not_accepted_fail() -> None:
    class Fails(MemoryStream):
        def put(self, records: Any, may_go_on: Any) -> list[str]:
            super().put(records[1:], may_go_on)
            return ["ServiceUnavailableException", *[""] * (len(records) - 1)]

    landing = MemoryLanding()
    some = arrivals([wide(1, FULL - 2000)], [wide(2, FULL - 2000), change(3)])
    outcomes = ArchiveSink(landing, Fails(landing)).apply(Slice(some))
    assert [each.kind for each in outcomes] == ["failed", "applied", "applied"]
    assert "ServiceUnavailableException" in outcomes[0].reason


@pytest.mark.parametrize("what", ["refused", "throttled", "landing down"])
def test_an_outage_fails_and_never_refuses(what: str) -> None:
    landing = MemoryLanding()
    stream = MemoryStream(landing, random.Random(1), 1.0 if what == "throttled" else 0.0)
    stream.refuses, landing.down = what == "refused", what == "landing down"
    some = arrivals([change(1)], [wide(2, MOST_RECORD)])
    outcomes = ArchiveSink(landing, stream).apply(Slice(some))
    expected = ["applied", "failed"] if what == "landing down" else ["failed", "applied"]
    assert [each.kind for each in outcomes] == expected


class Buffered(ArchivedHere):
    """An archive whose changes go through Firehose; `switching` by turns through S3."""

    def __init__(self, dice: random.Random, share: float, switching: bool) -> None:
        super().__init__(dice, share)
        self.stream = MemoryStream(self.world.landing, dice, 0.3)
        self.switching = switching

    def minute(self) -> None:
        by_stream = not self.switching or self.dice.random() < 0.5
        self.world.stream = self.stream if by_stream else None
        super().minute()
        self.stream.deliver()
        gates, now_ms = self.world.state.gates, int(self.world.now * 1000)
        gate = gates.read(NAME)
        if not gate.is_open:  # the watch's probe opens it
            gates.write(NAME, gate_transitions.opened(gate, now_ms))

    def run(self, messages: int, changes: int) -> None:
        super().run(messages, changes)
        self.stream.deliver(all=True)
        Committer(self.world.landing, self.lake, lambda: 0).run(lambda: 300)


@pytest.mark.soak
@pytest.mark.parametrize("switching", [False, True], ids=["firehose", "switching"])
def test_each_change_is_in_the_table_once_whatever_firehose_does(switching: bool) -> None:
    failed = 0
    for number in range(max(3, TIER.archive_runs // 20)):
        dice = random.Random(SEED * 15_485_863 + number)
        archived = Buffered(dice, dice.choice([0.0, 0.02, 0.1]), switching)
        archived.run(dice.randint(5, 60), dice.randint(1, 9))
        failed += archived.stream.failed
        ids, sent = archived.ids(), archived.world.numbers
        assert len(ids) == len(set(ids)) == sent, number
        assert Ledger.decode(archived.lake.head().ledger).count() == sent
        assert list(archived.world.state.parked.all(NAME)) == [], "an outage parks nothing"
    assert failed > 0


def test_a_stage_that_goes_back_to_s3_still_takes_in_what_firehose_delivers() -> None:
    landing, lake = MemoryLanding(), MemoryLake()
    stream = MemoryStream(landing)
    ArchiveSink(landing, stream).apply(Slice(arrivals([change(1), change(2)])))
    ArchiveSink(landing).apply(Slice(arrivals([change(3)])))
    run = Committer(landing, lake, lambda: 0)
    assert run.run(lambda: 300).rows == 1
    stream.deliver()
    assert run.run(lambda: 300).rows == 2
    assert Ledger.decode(lake.head().ledger).count() == 3
    assert not landing.objects
