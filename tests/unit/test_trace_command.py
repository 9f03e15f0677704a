"""`rowline trace` (long: each outcome): a true timeline, with and without a trace."""

import itertools
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cli.commands.trace import _shortened as shortened
from cli.commands.trace import _show as show
from cli.ui.console import result_console
from shared.adapters.archive_table.contract import NoArchiveTable
from shared.domain.archive_ledger import Ledger
from shared.domain.trace_sampling import TraceSampler
from shared.flows.trace import binlog_search, identifying
from shared.flows.trace.archive_state import archive_state
from shared.flows.trace.binlog_search import BinlogSearch, before
from shared.flows.trace.change_trace import ChangeTrace, ConsumerTrace, Step
from shared.flows.trace.found_change import FoundChange
from shared.flows.trace.sought_change import by_id, by_key
from shared.flows.trace.trace import NotFound, trace
from shared.values.errors import ConfigError, StateUnavailable
from shared.values.position import Position
from shared.values.seq import make_seq, split_seq
from tests.worlds.trace_world import COMMIT, TraceWorld
from tests.worlds.twins.binlog import MemoryBinlog
from tests.worlds.twins.binlog_server import MemoryServer

ROW = {"id": 7, "price": 1, "title": "a"}
BOTH = pytest.mark.parametrize("traced", [1.0, 0.0], ids=["traced", "untraced"])


@pytest.fixture(autouse=True)
def at_the_time_of_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command looks for traces around now."""
    from shared.flows.trace import sightings

    class Clock:
        time = staticmethod(lambda: COMMIT + 60.0)

    monkeypatch.setattr(sightings, "time", Clock)


def names(found: ChangeTrace) -> list[str]:
    return [step.name for step in found.steps]


def at(found: ChangeTrace, consumer: int = 0) -> str:
    return found.consumers[consumer].where


@BOTH
def test_a_change_that_is_not_read(traced: float) -> None:
    world = TraceWorld(traced)
    world.commit("insert", ROW)
    found = world.trace(by_id(world.changes()[0].id))
    assert (names(found), at(found)) == (["committed"], "not published")
    assert found.steps[0].at_ms == COMMIT * 1000


@BOTH
def test_a_queued_change(traced: float) -> None:
    world = TraceWorld(traced)
    world.commit("insert", {**ROW, "id": 3}, ROW)
    world.publish()
    found = world.trace(by_id(world.changes()[1].id))
    assert (names(found), at(found)) == (["committed", "read", "published"], "queued")
    assert found.traced is (traced == 1.0)
    assert found.table == "shop.items"
    if traced:
        committed, read, published = (step.at_ms for step in found.steps)
        assert committed <= read < published
    else:
        assert [step.at_ms for step in found.steps] == [COMMIT * 1000, 0, 0]


@BOTH
def test_an_applied_change(traced: float) -> None:
    world = TraceWorld(traced)
    world.commit("insert", ROW)
    world.receive(world.publish())
    found = world.trace(by_id(world.changes()[0].id))
    assert at(found) == ("applied" if traced else "settled")
    if traced:
        times = [step.at_ms for step in [*found.steps, *found.consumers[0].steps]]
        assert times == sorted(times)
        assert all(times)
        assert [step.name for step in found.consumers[0].steps] == ["received", "applied"]


def test_a_superseded_change() -> None:
    world = TraceWorld(marks=False)
    world.commit("insert", ROW)
    first = world.publish()
    world.commit("update", {**ROW, "price": 2})
    second = world.publish()
    world.receive(second)
    world.receive(first)  # without marks only the sink can tell that it is late
    old, new = (world.trace(by_id(change.id)) for change in world.changes())
    assert (at(old), at(new)) == ("superseded", "applied")
    assert old.consumers[0].steps[-1].at_ms > new.consumers[0].steps[-1].at_ms


@BOTH
def test_a_parked_change(traced: float) -> None:
    world = TraceWorld(traced)
    world.commit("insert", {**ROW, "price": {"no": "number"}}, {**ROW, "id": 8})
    world.receive(world.publish())
    refused, other = (world.trace(by_id(change.id)) for change in world.changes())
    assert at(refused) == "parked"
    assert refused.consumers[0].why
    assert refused.consumers[0].steps[-1].name == "parked"
    assert at(other) == ("applied" if traced else "settled")


def test_a_parked_change_that_came_once_more_is_shown_in_the_order_of_time() -> None:
    world = TraceWorld()
    world.commit("insert", {**ROW, "price": {"no": "number"}}, {**ROW, "id": 8})
    messages = world.publish()
    world.receive(messages)
    world.now += 60
    world.receive(messages)
    steps = world.trace(by_id(world.changes()[0].id)).consumers[0].steps
    assert [one.name for one in steps] == [
        *("received", "refused", "parked"),
        *("received", "duplicate"),
    ]


def test_a_change_that_failed_waits_again() -> None:
    world = TraceWorld()
    world.commit("insert", ROW)
    messages = world.publish()
    world.search.down = True
    world.receive(messages)
    found = world.trace(by_id(world.changes()[0].id))
    assert at(found) == "queued"
    assert [step.name for step in found.consumers[0].steps] == ["received", "failed"]
    world.search.down = False
    world.receive(messages)
    assert at(world.trace(by_id(world.changes()[0].id))) == "applied"


@BOTH
def test_a_closed_gate_is_named(traced: float) -> None:
    world = TraceWorld(traced)
    world.commit("insert", ROW)
    world.publish()
    gate = world.state.gates.read("search")
    world.state.gates.write("search", msgspec.structs.replace(gate, paused="ada", paused_ms=1))
    found = world.trace(by_id(world.changes()[0].id))
    assert at(found) == "queued"
    assert found.consumers[0].why.startswith("the gate of the consumer is closed (paused by ada); ")


@BOTH
def test_the_ledger_says_what_the_archive_has(traced: float) -> None:
    world = TraceWorld(traced, archive=True)
    world.commit("insert", ROW, {**ROW, "id": 8})
    one, other = world.changes()
    assert at(world.trace(by_id(one.id)), 1) == "not published"
    numbers = [split_seq(change.seq) for change in world.sent(world.publish())]
    waits = world.trace(by_id(one.id)).consumers[1]
    assert waits.where == "queued"
    assert "messages wait in its queue" in waits.why
    assert isinstance(world.ledger, Ledger)
    for epoch, n in numbers[:1]:
        world.ledger.add(("shop", epoch), [n])
    assert at(world.trace(by_id(one.id)), 1) == "archived"
    assert at(world.trace(by_id(other.id)), 1) == "queued"
    for epoch, n in numbers[:1]:
        world.ledger.remove(("shop", epoch), [n])
    assert at(world.trace(by_id(one.id)), 1) == "removed"


def test_an_archive_that_cannot_be_asked_is_a_note() -> None:
    world = TraceWorld(archive=True)
    world.commit("insert", ROW)
    world.publish()
    world.ledger = StateUnavailable("did not answer.", thing="Glue")
    found = world.trace(by_id(world.changes()[0].id))
    assert at(found, 1) == "unknown"
    assert found.notes == ["the archive's table could not be asked: did not answer."]


def test_before_the_archive_has_a_table_a_change_waits_for_it() -> None:
    world = TraceWorld(0.0, archive=True)
    world.commit("insert", ROW)
    world.publish()
    world.ledger = NoArchiveTable("does not exist yet.", thing="table changes")
    found = world.trace(by_id(world.changes()[0].id))
    assert (at(found, 1), found.notes) == ("queued", [])


def test_the_ledger_is_read_while_the_binlog_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    world = TraceWorld(0.0, archive=True)
    world.commit("insert", ROW)
    world.publish()
    find = BinlogSearch.find

    def patient(self: BinlogSearch, *given: Any) -> Any:
        assert world.ledger_read.wait(10)
        return find(self, *given)

    monkeypatch.setattr(BinlogSearch, "find", patient)
    assert at(world.trace(by_id(world.changes()[0].id)), 1) == "queued"


def test_the_search_leaves_time_for_the_traces_of_what_it_finds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Traces that took two seconds may take two more after the search."""
    readings, ends = iter([100.0, 102.0]), list[float]()

    class Clock:
        monotonic = staticmethod(lambda: next(readings))

    monkeypatch.setattr(identifying, "time", Clock)
    init = BinlogSearch.__init__

    def noted(self: BinlogSearch, *given: Any) -> None:
        ends.append(given[-1])
        init(self, *given)

    monkeypatch.setattr(BinlogSearch, "__init__", noted)
    world = TraceWorld(0.0)
    world.commit("insert", ROW)
    world.publish()
    trace(world.parts(), by_key("shop.items:7"), deadline=104.0)
    assert ends == [102.0]


def test_what_the_landing_has_is_landed() -> None:
    known = FoundChange("tx", "shop", "shop.items", "u", "g", "h", make_seq(1 << 29, 3), 1)
    ledger = Ledger()
    ledger.add(("shop", 1 << 29), [2, 4])

    def state(where: Any, seq: int = known.seq) -> str:
        said = ConsumerTrace("archiveShop", where, [])
        return archive_state(said, msgspec.structs.replace(known, seq=seq), ledger, "").where

    assert state("applied") == "landed"
    assert state("unknown") == "queued"
    assert state("parked") == "parked"
    assert state("unknown", 0) == "unknown"
    assert state("unknown", make_seq(1 << 29, 1)) == "unknown", "the archive began after it"


@BOTH
def test_a_row_is_its_latest_change(traced: float) -> None:
    world = TraceWorld(traced)
    world.commit("insert", ROW, {**ROW, "id": 8})
    world.receive(world.publish())
    world.commit("update", {**ROW, "price": 5})
    world.publish()
    found = world.trace(by_key("shop.items:7"))
    assert (found.op, at(found)) == ("u", "queued")
    assert world.trace(by_key("shop.items:8")).op == "c"


def test_a_later_change_that_was_not_traced_is_the_latest() -> None:
    world = TraceWorld()
    world.commit("insert", ROW)
    world.receive(world.publish())
    world._sampler = TraceSampler(0.0, lambda: world.now)
    world.commit("update", {**ROW, "price": 5})
    sent = world.sent(world.publish())
    found = world.trace(by_key("shop.items:7"))
    assert (found.op, found.traced, at(found)) == ("u", False, "queued")
    assert found.seq == sent[-1].seq


def test_a_later_change_than_a_parked_one_is_the_latest() -> None:
    world = TraceWorld(0.0)
    world.commit("insert", {**ROW, "price": {"no": "number"}})
    world.receive(world.publish())
    assert at(world.trace(by_key("shop.items:7"))) == "parked"
    world.commit("update", {**ROW, "price": 5})
    world.receive(world.publish())
    found = world.trace(by_key("shop.items:7"))
    assert (found.op, at(found)) == ("u", "settled")


def test_a_search_that_ends_early_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SEARCH_SECONDS", "LEAST_SECONDS"):
        monkeypatch.setattr(binlog_search, name, -1.0)
    world = TraceWorld()
    world.commit("insert", ROW)
    world.commit("update", {**ROW, "price": 5})
    world.publish()
    found = world.trace(by_key("shop.items:7"))
    assert "the row may have a later change" in found.notes[0]


def test_a_number_is_counted_from_a_traced_neighbour(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checkpoint may be too far behind a queued change to be reached in time."""
    world = TraceWorld()
    world.commit("insert", {**ROW, "id": 3})
    world.publish()
    world._sampler = TraceSampler(0.0, lambda: world.now)
    world.now += 5
    world.commit("insert", *({**ROW, "id": id} for id in range(10, 30)))
    sent = world.sent(world.publish())
    world.commit("insert", *({**ROW, "id": id} for id in range(40, 60)))
    world.publish()
    wanted = next(one for one in sent if one.key["id"] == 20)
    monkeypatch.setattr(BinlogSearch, "_is_at_checkpoint", lambda *_: False)
    found = world.trace(by_id(wanted.id))
    assert (found.seq, found.traced, at(found)) == (wanted.seq, False, "queued")


def test_numbers_that_are_counted_are_those_of_the_messages() -> None:
    world = TraceWorld(0.0)
    world.commit("insert", *({**ROW, "id": id} for id in range(20)))
    sent = world.sent(world.publish())
    world.commit("update", {**ROW, "id": 4}, {**ROW, "id": 9})
    sent += world.sent(world.publish())
    for change in sent:
        assert world.trace(by_id(change.id)).seq == change.seq


def test_the_middle_of_a_message_is_found_by_its_group() -> None:
    world = TraceWorld()
    world.commit("insert", *({**ROW, "id": id} for id in range(20)))
    world.receive(world.publish())
    for change in world.changes():
        found = world.trace(by_id(change.id))
        assert (found.traced, at(found)) == (True, "applied")


def test_traces_that_cannot_be_asked_are_a_note() -> None:
    world = TraceWorld()
    world.commit("insert", ROW)
    world.receive(world.publish())

    def away(*_: Any) -> Any:
        raise StateUnavailable("did not answer.", thing="X-Ray")

    world.traces.find = away  # type: ignore[method-assign]
    found = world.trace(by_id(world.changes()[0].id))
    assert at(found) == "settled"
    assert "traces could not be asked: did not answer." in found.notes[0]


def test_an_unknown_change_is_an_error_with_a_way_out() -> None:
    world = TraceWorld()
    world.commit("insert", ROW)
    with pytest.raises(NotFound, match="0-1-99@1"):
        world.trace(by_id("0-1-99@1790000000000/0.0"))
    with pytest.raises(NotFound, match=r"shop\.items:12345"):
        world.trace(by_key("shop.items:12345"))


def test_a_row_that_cannot_be_is_named() -> None:
    world = TraceWorld()
    world.commit("insert", ROW)
    world.publish()
    with pytest.raises(ConfigError, match=r"shop\.others: is captured by no source"):
        world.trace(by_key("shop.others:7"))
    with pytest.raises(ConfigError, match="id"):
        world.trace(by_key("shop.items:7,8"))
    with pytest.raises(ConfigError, match="'seven'"):
        world.trace(by_key("shop.items:seven"))


def test_of_a_row_that_nothing_has_the_mark_of_its_group_is_known() -> None:
    """Its last change was long ago, and was not traced."""
    world = TraceWorld(0.0)
    world.commit("insert", ROW, {**ROW, "id": 8})
    sent = world.sent(world.publish())
    world.commit("update", {**ROW, "price": 2})
    sent += world.sent(deliveries := world.publish())
    world.receive(deliveries)
    world.server = MemoryServer(clock=lambda: world.now)  # its binlog has other rows
    with pytest.raises(NotFound) as missing:
        world.trace(by_key("shop.items:7"))
    seq = "{}:{:,}".format(*split_seq(sent[-1].seq))
    assert f"search: everything of the row's message group up to seq {seq} is settled" in str(
        missing.value
    )
    assert "rowline verify CONSUMER" in str(missing.value)
    with pytest.raises(NotFound, match=r"nothing of the row's message group \S+ was applied"):
        world.trace(by_key("shop.items:12345"))


def test_a_search_ends_in_time_for_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    world = TraceWorld()
    world.commit("insert", *({**ROW, "id": id} for id in range(50)))
    now = itertools.count(100.0, 0.1)
    for deadline, seconds in ((99.0, 0.5), (101.0, 1.0), (999.0, 2.5)):
        began, read = next(now), 0.0
        search = BinlogSearch(
            MemoryBinlog(world.server, ["*.*"]),
            world.stage_settings.sources["shop"],
            world.point,
            b"",
            deadline + began - 100.0,
            lambda: next(now),
        )
        search.find(by_key("shop.items:1"))
        read = search.seconds
        assert seconds <= read <= seconds + 0.5 or search.complete, (deadline, read)


def test_a_trace_is_quick() -> None:
    world = TraceWorld(0.0)
    world.commit("insert", *({**ROW, "id": id} for id in range(2000)))
    world.publish()
    started = time.process_time()
    world.trace(by_id(world.changes()[0].id))
    assert time.process_time() - started < 5


@pytest.mark.parametrize("text", ["", "7", "a@b/c", "0-1-2@12/0.0"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        by_id(text)


@pytest.mark.parametrize("text", ["shop.items", "items:7", "shop.items:"])
def test_what_names_no_row_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        by_key(text)


UUID = "3f1c0000-0000-0000-0000-000000000001"


@pytest.mark.parametrize(
    ("transaction", "place"),
    [
        ("mariadb-1:bin.000007:912", Position(file="bin.000007", offset=912)),
        ("0-1-99", Position(gtids="0-1-98,1-1-7")),
        ("0-1-1", Position()),
        ("mariadb-2:bin.000007:912", None),
        (f"{UUID}:50", Position(gtids=f"{UUID}:1-49")),
    ],
)
def test_the_place_before_a_transaction(transaction: str, place: Position | None) -> None:
    gtids = f"{UUID}:1-200" if UUID in transaction else "0-1-120,1-1-7"
    assert before(transaction, "mariadb-1", Position("bin.000009", 4, gtids)) == place


COMMITTED = 1_795_757_401_000
GROUP = "6bf3c1a0d19a84e1a9f2b6c3"
TRACED = ChangeTrace(
    f"0-1-4711@{COMMITTED}/0.0",
    "shop",
    "market.listings",
    "u",
    make_seq(547_357_401, 3221),
    f"{GROUP}-12",
    True,
    [
        Step("committed", COMMITTED),
        Step("read", COMMITTED + 412),
        Step("published", COMMITTED + 447),
    ],
    [
        ConsumerTrace(
            "listingSearch",
            "applied",
            [
                Step("received", COMMITTED + 482, "attempt 1, lane live"),
                Step("applied", COMMITTED + 521),
            ],
        )
    ],
    [],
)
UNTRACED = ChangeTrace(
    f"0-1-4712@{COMMITTED + 1000}/0.0",
    "shop",
    "market.listings",
    "d",
    make_seq(547_357_401, 3222),
    f"{GROUP}-40",
    False,
    [
        Step("committed", COMMITTED + 1000),
        Step("read", 0),
        Step("published", 0, "the checkpoint has passed it"),
    ],
    [
        ConsumerTrace(
            "listingSearch",
            "settled",
            [Step("settled", 0)],
            "its group's mark has passed it: applied, or the sink held something newer",
        )
    ],
    [],
)


@pytest.mark.usefixtures("far_zone")
@pytest.mark.parametrize("found", [TRACED, UNTRACED], ids=["traced", "untraced"])
def test_the_page_shows_what_the_command_prints(
    found: ChangeTrace, capsys: pytest.CaptureFixture[str]
) -> None:
    show(found, result_console())
    page = (Path(__file__).resolve().parents[2] / "docs/trace.md").read_text()
    assert capsys.readouterr().out in page


def test_a_change_with_many_attempts_shows_the_first_and_the_last() -> None:
    steps = [Step("received", at) for at in range(1, 101)]
    few = shortened(steps)
    assert len(few) == 9
    assert (few[0], few[-1]) == (steps[0], steps[-1])
    assert "92 steps more" in few[2].note
    assert shortened(steps[:9]) == steps[:9]
