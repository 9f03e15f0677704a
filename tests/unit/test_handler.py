"""Handler (long: each exception): how own code is called, and what its errors say."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.adapters import own_code
from shared.domain.sink import Arrival, Sink, SinkAccess, Slice, Surroundings
from shared.flows.consume import sinks
from shared.flows.consume.consume import Consume
from shared.flows.health.doctor import _probe
from shared.values.errors import ConfigError
from shared.values.message import decode
from shared.values.settings import ConsumerSettings, StageSettings
from tests.worlds.consumer_world import HandedQueue, change, delivery, message
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.queue import MemoryQueue
from tests.worlds.twins.state import memory_state

CODE = """
import asyncio

from shared.domain.handling import Retry

calls = []

def handle(change, context):
    calls.append((change.op, change.key, context))
    if change.after and change.after["title"] == "retry":
        raise Retry("the other side is down", after=40)
    if change.after and change.after["title"] == "poison":
        return {}["currency"]
    if change.after and change.after["title"] == "exit":
        raise SystemExit(3)

async def late(change, context): pass

def digging(change, context):
    change.key.clear()
    change.after["title"].pop()
    del change.after["id"]
    raise KeyError("poison")

class Odd(Exception):
    def __str__(self): return self.args[5]

def odd(change, context):
    from shared.domain.sink import Outcome
    title = change.after["title"]
    if title.startswith("retry "):
        raise Retry("later", after={"inf": float("inf"), "text": "60"}.get(title[6:]))
    if title == "no text":
        raise Odd("x")
    if title == "cancelled":
        raise asyncio.CancelledError("the request")
    if title == "surrogate":
        raise ValueError("bad \\ud800")
    if title == "long":
        raise ValueError("x" * 1_000_000)
    if title == "no reason":
        return Outcome("refused", None)
    if title == "wait":
        return Outcome("failed", "busy", retry_after="60")
    return Outcome("aplied")

class Nones:
    def apply(self, slice): return [None for _ in slice.arrivals]

class Lame: pass

class Together:
    def apply(self, slice):
        if any(each.change.after["title"] == "poison" for each in slice.arrivals):
            raise ValueError("poison")
        calls.append(len(slice.arrivals))
        return [] if slice.arrivals[0].change.after["title"] == "short" else None or list(
            __import__("shared.domain.sink").domain.sink.Outcome("applied") for _ in slice.arrivals)
"""


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    (tmp_path / "own_alerts").mkdir()
    (tmp_path / "own_alerts/prices.py").write_text(CODE)
    (tmp_path / "own_alerts/needs.py").write_text("import stripe_of_nobody\n")
    (tmp_path / "own_alerts/broken.py").write_text("x = {}['row']\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield lambda: sys.modules["own_alerts.prices"]
    for name in [name for name in sys.modules if name.startswith("own_alerts")]:
        del sys.modules[name]


def consumer(name: str = "prices.handle") -> ConsumerSettings:
    sink = {"kind": "handler", "function": f"own_alerts/{name}"}
    return ConsumerSettings("alerts", "shop", ("shop.items",), sink)


def sink_of(name: str = "prices.handle") -> Sink:
    return sinks.build(Surroundings(consumer(name), memory_state(), lambda *_: {}))


def arrivals(*titles: str, groups: str = "") -> list[Arrival]:
    changes = [change(n + 1, "u", n, title=title) for n, title in enumerate(titles)]
    places = groups or "g" * len(changes)
    return [
        Arrival(message([each], place), "live", each, 10, delivery=delivery([each], attempt=4))
        for each, place in zip(changes, places, strict=True)
    ]


def kinds(sink: Sink, slice: Slice) -> list[str]:
    return [each.kind for each in sink.apply(slice)]


def test_a_handler_gets_the_change_and_its_circumstances(code: Any) -> None:
    (arrival,) = arrivals("x")
    assert kinds(sink_of(), Slice([arrival], time_left=lambda: 17.5)) == ["applied"]
    ((op, key, context),) = code().calls
    assert (op, key) == ("u", {"id": 0})
    assert (context.consumer, context.table, context.lane) == ("alerts", "shop.items", "live")
    assert (context.attempt, context.idempotency_key) == (4, "tx/1")
    assert context.first_seen_id == delivery([arrival.change]).message_id
    assert context.time_left() == 17.5
    context.log.info("works")


def test_any_exception_is_a_refusal_with_class_message_and_stack(code: Any) -> None:
    poison, well = sink_of().apply(Slice(arrivals("poison", "x")))
    assert (poison.kind, well.kind) == ("refused", "applied")
    assert poison.reason == "HandlerError: KeyError 'currency'"
    assert poison.without_values == "HandlerError"
    assert 'return {}["currency"]' in poison.stack
    assert "in handle" in poison.stack


def test_a_long_text_leaves_room_for_where_it_was_raised(code: Any) -> None:
    (long,) = sink_of("prices.odd").apply(Slice(arrivals("long")))
    assert 'raise ValueError("x" * 1_000_000)' in long.stack
    assert long.stack.endswith("xxx …\n")


@pytest.mark.parametrize(
    ("title", "kind", "said"),
    [
        ("retry inf", "failed", "Retry: later"),
        ("retry text", "failed", "Retry: later"),
        ("retry none", "failed", "Retry: later"),
        ("no text", "refused", "HandlerError: Odd (its message cannot be read)"),
        ("surrogate", "refused", "HandlerError: ValueError bad ?"),
        ("cancelled", "refused", "HandlerError: CancelledError the request"),
        ("no reason", "refused", "refused"),
        ("wait", "failed", "busy"),
        ("misspelt", "failed", "own_alerts/prices.odd returned an outcome of another kind than"),
    ],
)
def test_whatever_own_code_says_concerns_its_change_alone(
    code: Any, title: str, kind: str, said: str
) -> None:
    state, queue = memory_state(), HandedQueue()
    consume = Consume(consumer("prices.odd"), sink_of("prices.odd"), state, MemoryClaims(), queue)
    one = delivery([change(1, "u", 1, title=title)], "a-0")
    done = consume.handle([one], lambda: 60.0)
    parked = [each.message for each in state.parked.all("alerts")]
    assert (len(done.failed), len(parked)) == ((1, 0) if kind == "failed" else (0, 1))
    assert any(each.startswith(said) for each in (*done.reasons, *parked)), done


@pytest.mark.parametrize(
    "text",
    [
        "raise SystemExit('no KEY')",
        "class Odd(Exception):\n    def __str__(self): return self.args[9]\nraise Odd()",
        "class Odd(BaseException): pass\nraise Odd()",
        "class H:\n    def __init__(self): raise SystemExit(3)\n    def apply(self, slice): pass",
    ],
)
def test_code_that_ends_the_process_while_it_is_imported_parks_nothing(
    tmp_path: Path, code: Any, text: str
) -> None:
    (tmp_path / "own_alerts/leaving.py").write_text(text)
    (outcome,) = sink_of("leaving.H").apply(Slice(arrivals("x")))
    assert outcome.kind == "failed"
    assert "SystemExit" in outcome.reason or "Odd" in outcome.reason


def test_a_refused_change_is_parked_as_it_came_whatever_own_code_did_to_it(code: Any) -> None:
    state, sink = memory_state(), sink_of("prices.digging")
    settings = msgspec.structs.replace(consumer("prices.digging"), max_attempts=2)
    consume = Consume(settings, sink, state, MemoryClaims(), HandedQueue(), sleep=lambda _: None)
    one = change(1, "u", 1, title=["a", "b"])
    consume.handle([delivery([one], "a-0")], lambda: 60.0)
    (parked,) = state.parked.all("alerts")
    assert parked.attempts == 2
    body = state.parked.body("alerts", parked)
    assert body
    assert decode(body).changes == [one]
    assert parked.message == "HandlerError: KeyError 'poison'"


def test_a_class_that_returns_no_outcomes_has_applied_nothing(code: Any) -> None:
    outcomes = sink_of("prices.Nones").apply(Slice(arrivals("x", "y")))
    assert [each.kind for each in outcomes] == ["failed"] * 2
    assert "returned an outcome of another kind" in outcomes[0].reason


def test_a_handler_that_exits_refuses_its_change_alone(code: Any) -> None:
    assert kinds(sink_of(), Slice(arrivals("exit", "x"))) == ["refused", "applied"]


def test_a_retry_fails_for_the_moment_and_holds_back_its_group_alone(code: Any) -> None:
    outcomes = sink_of().apply(Slice(arrivals("retry", "x", "y", groups="aab")))
    assert [each.kind for each in outcomes] == ["failed", "failed", "applied"]
    assert outcomes[0].reason == "Retry: the other side is down"
    assert [key["id"] for _, key, _ in code().calls] == [0, 2]


def test_the_wait_that_a_retry_asks_for_reaches_the_queue(code: Any) -> None:
    queue = HandedQueue()
    state, claims = memory_state(), MemoryClaims()
    consume = Consume(consumer(), sink_of(), state, claims, queue, MemoryQueue())
    failed = delivery([change(1, "u", 1, title="retry")], "a")
    done = consume.handle([failed, delivery([change(2, "u", 2, title="x")], "b")], lambda: 60.0)
    assert done.failed == [failed.message_id]
    assert queue.hidden[failed.receipt_handle] >= 40


def test_a_class_gets_a_slice_and_alone_what_made_it_raise(code: Any) -> None:
    sink = sink_of("prices.Together")
    assert kinds(sink, Slice(arrivals("a", "b", "c"))) == ["applied"] * 3
    outcomes = sink.apply(Slice(arrivals("a", "poison", "c")))
    assert [each.kind for each in outcomes] == ["applied", "refused", "applied"]
    assert outcomes[1].reason == "HandlerError: ValueError poison"
    assert code().calls == [3, 1, 1]
    (short,) = sink.apply(Slice(arrivals("short")))
    assert (short.kind, "returned 0 outcomes for 1 change" in short.reason) == ("failed", True)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nothing.handle", "there is no module own_alerts.nothing"),
        ("prices.handel", "own_alerts.prices has no function or class handel"),
        ("needs.handle", "it needs the module stripe_of_nobody"),
        ("broken.handle", "KeyError: 'row'"),
        ("prices.late", "async"),
        ("prices.Lame", "no method apply"),
        ("prices.calls", "has no function or class calls"),
    ],
)
def test_code_that_cannot_be_called_parks_nothing(code: Any, name: str, says: str) -> None:
    sink = sink_of(name)
    (failed,) = sink.apply(Slice(arrivals("x")))
    assert failed.kind == "failed"
    assert says in failed.reason
    with pytest.raises(ConfigError, match=r"own_alerts|late|Lame"):
        sink.probe()


def test_a_check_imports_the_code_and_a_missing_package_is_no_mistake(code: Any) -> None:
    def findings(name: str) -> list[str]:
        examiner = sinks.examine(SinkAccess(consumer(name), lambda *_: {}))
        assert examiner is not None
        assert examiner.targets(["shop.items"]) == []
        return [f"{each.level} {each.thing}" for each in examiner.compare([])]

    assert findings("prices.handle") == findings("prices.Together") == []
    assert findings("needs.handle") == ["warn consumers.alerts.handler"]
    with pytest.raises(ConfigError) as caught:
        findings("prices.handel")
    assert caught.value.thing == "consumers.alerts.handler"


def test_a_reference_may_have_slashes_or_dots() -> None:
    assert own_code.module_of("a/b.c") == own_code.module_of("a.b.c") == ("a.b", "c")


def test_doctor_says_what_it_could_not_try_without_calling_it_a_fault(code: Any) -> None:
    class Deployed:
        def __init__(self, name: str) -> None:
            self.settings = StageSettings("rowline", "dev", {}, {"alerts": consumer(name)})
            self.name = name

        def sink(self, consumer: str) -> Sink:
            return sink_of(self.name)

    found = [_probe(Deployed(name), "alerts") for name in ("prices.handle", "needs.handle")]  # type: ignore[arg-type]
    assert [each.level for each in found] == ["ok", "warn"]
    assert "was not tried: own_alerts/needs.handle cannot be imported" in found[1].what
    assert _probe(Deployed("prices.handel"), "alerts").level == "fail"  # type: ignore[arg-type]
