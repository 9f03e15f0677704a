"""HTTP sink (long: each answer): what a receiver gets, and what its answers say of changes."""

import json
import ssl
import time
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest
import trustme
from msgspec.structs import replace

from shared.adapters.webhook import webhook_endpoint as webhook
from shared.adapters.webhook.webhook_endpoint import WebhookUnavailable
from shared.domain.sink import Arrival, Outcome, Sink, SinkAccess, Slice, Surroundings
from shared.flows.consume import sinks
from shared.flows.consume.sinks.http.receiver_answers import seconds_of
from shared.values.errors import ConfigError, SecretUnavailable
from shared.values.settings import ConsumerSettings
from tests.worlds.consumer_world import change, delivery, message
from tests.worlds.receiver import KEY, Receiver, listening
from tests.worlds.twins.state import memory_state

SECRET = {"signing_key": KEY}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as made:
        yield made


def consumer(url: str, batch: int = 1) -> ConsumerSettings:
    sink = {"kind": "http", "url": url, "secret": "s", "batch": batch}
    return ConsumerSettings("partner", "shop", ("shop.items",), sink)


def sink_of(receiver: Receiver, batch: int = 1, secret: Any = lambda *_: SECRET) -> Sink:
    return sinks.build(Surroundings(consumer(receiver.url, batch), memory_state(), secret))


def arrivals(count: int, groups: str = "", **row: Any) -> list[Arrival]:
    changes = [change(n + 1, "u", n, title=f"t{n}", **row) for n in range(count)]
    places = groups or "g" * count
    return [
        Arrival(message([each], place), "live", each, 10)
        for each, place in zip(changes, places, strict=True)
    ]


def too_long(arrival: Arrival) -> Arrival:
    after = {**arrival.change.key, "title": "x" * 200}
    return replace(arrival, change=replace(arrival.change, after=after))


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [each.kind for each in outcomes]


def sent(receiver: Receiver) -> list[list[int]]:
    """The keys in each request."""
    return [[each["key"]["id"] for each in body["changes"]] for _, body in receiver.requests]


def test_a_change_arrives_signed_with_row_seq_and_its_id_as_key(receiver: Receiver) -> None:
    (arrival,) = arrivals(1, price="9.50")
    assert kinds(sink_of(receiver).apply(Slice([arrival]))) == ["applied"]
    ((headers, body),) = receiver.requests
    assert headers["Idempotency-Key"] == "tx/1"
    assert headers["Content-Type"] == "application/json"
    assert (body["v"], body["consumer"]) == (1, "partner")
    assert body["changes"] == [
        {
            "id": "tx/1",
            "source": "shop",
            "table": "shop.items",
            "schema_version": 1,
            "lane": "live",
            "op": "u",
            "seq": 1,
            "seq_text": "0000000000000000001",
            "ts_ms": 1_700_000_000_001,
            "key": {"id": 0},
            "before": None,
            "after": {"id": 0, "title": "t0", "price": "9.50"},
            "tx": {"id": "tx", "index": 0, "last": True},
        }
    ]


def test_an_id_that_no_header_may_hold_is_encoded(receiver: Receiver) -> None:
    (arrival,) = arrivals(1)
    named = replace(arrival.change, id='r/j.1/shop.items/["Straße\n%"]')
    odd = replace(arrival, change=named)
    assert kinds(sink_of(receiver).apply(Slice([odd]))) == ["applied"]
    key = receiver.requests[0][0]["Idempotency-Key"]
    assert key == 'r/j.1/shop.items/["Stra%C3%9Fe%0A%25"]'


def test_a_repeated_batch_has_the_same_key(receiver: Receiver) -> None:
    sink = sink_of(receiver, batch=10)
    for _ in range(2):
        sink.apply(Slice(arrivals(3)))
    sink.apply(Slice(arrivals(2)))
    keys = [headers["Idempotency-Key"] for headers, _ in receiver.requests]
    assert keys[0] == keys[1] != keys[2]


def test_connections_are_kept(receiver: Receiver) -> None:
    sink = sink_of(receiver)
    for _ in range(3):
        sink.apply(Slice(arrivals(4)))
    assert (len(receiver.requests), receiver.connections) == (12, 1)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, "applied"),
        (204, "applied"),
        (302, "failed"),
        (400, "refused"),
        (401, "failed"),
        (403, "failed"),
        (404, "refused"),
        (408, "failed"),
        (422, "refused"),
        (425, "failed"),
        (429, "failed"),
        (500, "failed"),
        (503, "failed"),
    ],
)
def test_each_status_says_what_becomes_of_the_change(
    receiver: Receiver, status: int, kind: str
) -> None:
    receiver.answer = lambda _: (status, {"Location": receiver.url}, "card 4711 is no title")
    (outcome,) = sink_of(receiver).apply(Slice(arrivals(1)))
    assert outcome.kind == kind
    assert "4711" not in outcome.without_values
    if kind == "refused":
        assert outcome.reason == f"HTTP {status}: card 4711 is no title"
        assert outcome.without_values == f"HTTP {status}"


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_and_nothing_more_is_sent(receiver: Receiver, status: int) -> None:
    receiver.answer = lambda _: (status, {"Retry-After": "90"}, "")
    outcomes = sink_of(receiver).apply(Slice(arrivals(3, "abc")))
    assert [(each.kind, each.retry_after) for each in outcomes] == [("failed", 90.0)] * 3
    assert len(receiver.requests) == 1


def test_retry_after_is_seconds_or_a_date() -> None:
    assert seconds_of("12", 0) == 12
    assert round(seconds_of(formatdate(time.time() + 60, usegmt=True), time.time())) in (59, 60)
    assert seconds_of(formatdate(0, usegmt=True), time.time()) == seconds_of("soon", 0) == 0
    assert seconds_of("", 0) == seconds_of("-3", 0) == 0
    assert seconds_of("Mon, 01 Jan 99999999999999 00:00:00 GMT", 0) == 0


def test_a_receiver_may_quote_any_text_of_a_row(receiver: Receiver) -> None:
    (arrival,) = arrivals(1)
    said = {"id": arrival.change.id, "outcome": "refused", "reason": "no: \ud800"}
    receiver.answer = lambda _: (200, {}, {"outcomes": [said]})
    assert kinds(sink_of(receiver).apply(Slice([arrival]))) == ["refused"]


@pytest.mark.parametrize("secret", ["Bearer abc4711\n", "Bearer abc4711\r\nX: y", "Bearer €4711"])
def test_a_login_that_no_header_may_hold_is_not_quoted(receiver: Receiver, secret: str) -> None:
    sink = sink_of(receiver, secret=lambda *_: {**SECRET, "authorization": secret})
    (outcome,) = sink.apply(Slice(arrivals(1)))
    assert outcome.kind == "failed"
    assert "authorization" in outcome.reason
    assert "4711" not in outcome.reason


def test_the_poison_of_a_batch_is_found_and_all_others_are_applied(receiver: Receiver) -> None:
    receiver.tells = False
    many = arrivals(20)
    for at in (0, 7, 19):
        many[at] = too_long(many[at])
    outcomes = sink_of(receiver, batch=20).apply(Slice(many))
    assert [at for at, each in enumerate(outcomes) if each.kind == "refused"] == [0, 7, 19]
    assert kinds(outcomes).count("applied") == 17
    assert len(receiver.rows) == 17


def test_a_receiver_that_tells_changes_apart_is_asked_once(receiver: Receiver) -> None:
    many = arrivals(4, "abcc")
    many[1] = too_long(many[1])
    receiver.failing = {2}
    receiver.rows["shop.items", 0] = (99, None)
    outcomes = sink_of(receiver, batch=20).apply(Slice(many))
    assert kinds(outcomes) == ["superseded", "refused", "failed", "applied"]
    assert outcomes[1].reason == "receiver: Too: long"
    assert outcomes[1].without_values == "receiver"
    assert "Too" not in outcomes[2].reason
    assert len(receiver.requests) == 1


def test_a_failed_change_holds_back_its_group_alone(receiver: Receiver) -> None:
    receiver.answer = lambda changes: (500, {}, "") if changes[0]["key"]["id"] == 0 else None
    outcomes = sink_of(receiver).apply(Slice(arrivals(4, "aabb")))
    assert kinds(outcomes) == ["failed", "failed", "applied", "applied"]
    assert sent(receiver) == [[0], [2], [3]]


def test_a_receiver_that_only_errs_is_left_alone_for_the_batch(receiver: Receiver) -> None:
    receiver.answer = lambda _: (500, {}, "")
    assert kinds(sink_of(receiver).apply(Slice(arrivals(9, "abcdefghi")))) == ["failed"] * 9
    assert len(receiver.requests) == 3


def received_again(many: list[Arrival]) -> list[Arrival]:
    return [
        replace(one, delivery=delivery([one.change], one.message.group, attempt=2)) for one in many
    ]


def test_a_change_that_the_receiver_never_takes_holds_back_its_group_alone(
    receiver: Receiver,
) -> None:
    """Its answer, 500, does not tell which change of the request it cannot take."""
    receiver.answer = lambda changes: (
        (500, {}, "") if any(one["key"]["id"] == 3 for one in changes) else None
    )
    many, sink = arrivals(9, "aabbbbccd"), sink_of(receiver, batch=20)
    assert kinds(sink.apply(Slice(many))) == ["failed"] * 9
    outcomes = sink.apply(Slice(received_again(many)))
    assert [at for at, each in enumerate(outcomes) if each.kind == "failed"] == [3, 4, 5]
    assert outcomes[3].reason == "answers 500"
    assert outcomes[4].reason == "waits for an earlier change of its group"
    assert sent(receiver)[1:] == [[0, 1], [2, 3, 4, 5], [2], [3], [6, 7], [8]]


def test_a_receiver_that_only_errs_is_left_alone_when_a_batch_comes_again(
    receiver: Receiver,
) -> None:
    receiver.answer = lambda _: (500, {}, "")
    many = received_again(arrivals(9, "aaabbbccc"))
    assert kinds(sink_of(receiver, batch=20).apply(Slice(many))) == ["failed"] * 9
    assert len(receiver.requests) == 3


def test_an_answer_that_cannot_be_read_is_no_success(receiver: Receiver) -> None:
    receiver.answer = lambda _: (200, {}, '{"outcomes": [{"id": "tx/1", "outcome": "maybe"}]}')
    (outcome,) = sink_of(receiver).apply(Slice(arrivals(1)))
    assert outcome.kind == "failed"
    receiver.answer = lambda _: (200, {}, "<html>thanks</html>")
    assert kinds(sink_of(receiver).apply(Slice(arrivals(1)))) == ["applied"]


@pytest.mark.parametrize("way", ["silent", "trickling"])
def test_a_receiver_that_is_too_slow_does_not_hold_the_function(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(webhook, "REQUEST_SECONDS", 0.3)

    def slowly(_: Any) -> None:
        time.sleep(1)

    receiver.trickles = way == "trickling"
    if way == "silent":
        receiver.answer = slowly
    began = time.monotonic()
    outcomes = sink_of(receiver).apply(Slice(arrivals(3, "abc")))
    assert time.monotonic() - began < 0.9
    assert kinds(outcomes) == ["failed"] * 3
    assert "does not answer" in outcomes[2].reason


class Vault:
    """A secret as a function reads it: kept for a while, unless it is asked afresh."""

    def __init__(self, **content: str) -> None:
        self.stored = self.kept = content
        self.down = False

    def read(self, _: str, fresh: bool) -> dict[str, str]:
        if self.down:
            raise SecretUnavailable("does not answer.", thing="secret s")
        self.kept = self.stored if fresh else self.kept
        return self.kept

    def forget(self) -> None:
        self.kept = self.stored


def test_a_key_that_the_receiver_refuses_is_read_again(receiver: Receiver) -> None:
    vault = Vault(signing_key="o" * 40)
    vault.stored = SECRET
    sink = sink_of(receiver, secret=vault.read)
    assert kinds(sink.apply(Slice(arrivals(1)))) == ["applied"]
    assert kinds(sink.apply(Slice(arrivals(1)))) == ["applied"]


def test_a_changed_secret_is_used_when_the_memory_of_it_ends(receiver: Receiver) -> None:
    vault = Vault(signing_key=KEY)
    sink = sink_of(receiver, secret=vault.read)
    sink.apply(Slice(arrivals(1)))
    vault.stored = {"signing_key": KEY, "authorization": "Bearer new"}
    vault.forget()
    sink.apply(Slice(arrivals(1)))
    found = [headers.get("Authorization") for headers, _ in receiver.requests]
    assert found == [None, "Bearer new"]


def test_a_known_secret_is_used_while_secrets_manager_is_down(receiver: Receiver) -> None:
    vault = Vault(signing_key=KEY)
    sink = sink_of(receiver, secret=vault.read)
    sink.apply(Slice(arrivals(1)))
    vault.down = True
    assert kinds(sink.apply(Slice(arrivals(1)))) == ["applied"]
    assert kinds(sink_of(receiver, secret=vault.read).apply(Slice(arrivals(1)))) == ["failed"]


def test_certificates_are_verified() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def wrap(socket: Any) -> Any:
        return context.wrap_socket(socket, server_side=True)

    with listening(wrap, "https") as receiver:
        (untrusted,) = sink_of(receiver).apply(Slice(arrivals(1)))
        assert (untrusted.kind, receiver.requests) == ("failed", [])
        assert "certificate" in untrusted.reason
        pem = authority.cert_pem.bytes().decode()
        known = {**SECRET, "ca_certificate": pem}
        assert kinds(sink_of(receiver, secret=lambda *_: known).apply(Slice(arrivals(1)))) == [
            "applied"
        ]


@pytest.mark.parametrize("secret", [{}, {"signing_key": "short"}, {"signing_key": KEY, "x": []}])
def test_a_secret_that_cannot_sign_parks_nothing(receiver: Receiver, secret: Any) -> None:
    sink = sink_of(receiver, secret=lambda *_: secret)
    outcomes = sink.apply(Slice(arrivals(2)))
    if "x" in secret:
        assert kinds(outcomes) == ["applied"] * 2  # more than it needs
        return
    assert kinds(outcomes) == ["failed"] * 2
    assert "short" not in outcomes[0].reason
    with pytest.raises(ConfigError, match="signing_key"):
        sink.probe()


def test_a_check_asks_without_sending_a_change(receiver: Receiver) -> None:
    def examine(url: str) -> list[Any]:
        examiner = sinks.examine(SinkAccess(consumer(url), lambda *_: SECRET))
        assert examiner is not None
        assert examiner.targets(["shop.items"]) == []
        return examiner.compare([])

    assert examine(receiver.url) == []
    assert receiver.requests == []
    with pytest.raises(WebhookUnavailable, match="does not answer"):
        examine("http://127.0.0.1:9/x")


def test_a_seq_above_2_53_compares_as_text() -> None:
    from shared.flows.consume.sinks.http.request import body_of

    big = [Arrival(message([], "g"), "live", change(seq, "u", 1), 1) for seq in (9, 5 << 60)]
    texts = [each["seq_text"] for each in json.loads(body_of("p", big))["changes"]]
    assert texts == sorted(texts)
    assert len({len(text) for text in texts}) == 1
