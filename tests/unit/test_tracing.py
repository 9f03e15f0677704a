"""Tracing (long: each function): what it records of a message, and what reaches X-Ray."""

import json
import random
import socket
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError

from shared.adapters.tracing import segment_documents, xray
from shared.adapters.tracing.collected import CollectedTraces
from shared.adapters.tracing.contract import TracedStep, TraceSegment
from shared.adapters.tracing.xray import XRayTracer, XRayTraces
from shared.domain.change_encoding import ChangeEncoding
from shared.domain.message_packing import MAX_MESSAGE_BYTES
from shared.domain.publish_queue import PublishQueue
from shared.domain.trace_sampling import MOST_A_SECOND, MOST_CHANGES, TraceSampler
from shared.domain.traced_changes import MOST_BYTES, TracedChange, changes_of, listed
from shared.flows.consume.batch_trace import BatchTrace
from shared.flows.consume.consume import Consume
from shared.flows.relay.publishing.publish_trace import PublishTrace
from shared.values.change import Change, Transaction
from shared.values.key_hash import key_hash
from shared.values.message import decode, encode
from shared.values.traceparent import Traceparent, read
from tests.worlds.consumer_world import ConsumerWorld, change, delivery, message
from tests.worlds.relay.simulated import table
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.state import MemorySchemas
from tests.worlds.twins.topic import check
from tests.worlds.twins.tracing import MemoryTracing

TRACE = Traceparent("6a7b8c9d" + "0" * 23 + "1", "00000000000000a1")
LISTINGS = table("listings", "text")


class TestSampling:
    def test_a_rate_is_the_share_of_messages(self) -> None:
        now = iter(range(10**9))
        sampler = TraceSampler(0.25, lambda: float(next(now)), random.Random(1))
        traced = [sampler.next() for _ in range(4000)]
        assert 900 < sum(one is not None for one in traced) < 1100
        assert len({one.trace for one in traced if one}) == sum(one is not None for one in traced)

    def test_off_traces_nothing(self) -> None:
        assert [TraceSampler(0.0).next() for _ in range(100)] == [None] * 100

    def test_a_backlog_is_traced_a_little(self) -> None:
        sampler = TraceSampler(1.0, lambda: 7.9)
        assert sum(sampler.next() is not None for _ in range(1000)) == MOST_A_SECOND

    def test_full_messages_are_fewer(self) -> None:
        sampler = TraceSampler(1.0, lambda: 7.9)
        traced = sum(sampler.next(500) is not None for _ in range(1000))
        assert traced == MOST_CHANGES // 500

    def test_the_next_second_is_traced_again(self) -> None:
        times = iter([1.0] * 100 + [2.0] * 100)
        sampler = TraceSampler(1.0, lambda: next(times))
        assert sum(sampler.next() is not None for _ in range(200)) == 2 * MOST_A_SECOND


class TestTraceparent:
    def test_it_is_read_as_it_was_written(self) -> None:
        assert read(str(TRACE)) == TRACE
        assert TRACE.xray == "1-6a7b8c9d-000000000000000000000001"

    @pytest.mark.parametrize(
        "text",
        [None, "", "00-xyz", str(TRACE)[:-2] + "00", str(TRACE) + "0", "01" + str(TRACE)[2:]],
    )
    def test_anything_else_is_no_trace(self, text: str | None) -> None:
        assert read(text) is None


def numbered(seq: int, size: int = 100) -> tuple[Any, int, Change]:
    row = {"id": seq, "text": "x" * size}
    tx = Transaction("t", 0, True)
    return LISTINGS, seq % 3, Change(f"t/{seq}", seq, "c", 1_000, {"id": seq}, None, row, tx)


def packing() -> ChangeEncoding:
    return ChangeEncoding("shop", MemorySchemas(), MemoryClaims())


class TestMessages:
    @pytest.mark.parametrize("compress", [False, True])
    def test_a_traced_message_names_its_trace(self, compress: bool) -> None:
        waiting = PublishQueue(0.0, random.Random(1), compress=compress, sampler=TraceSampler(1.0))
        waiting.add([packing().pack(numbered(3, 5000))], 0.0)
        (parcel,) = waiting.take(1.0)
        assert parcel.trace is not None
        assert read(decode(parcel.entry.body).traceparent) == parcel.trace
        assert [each.id for each in parcel.traced] == ["t/3"]

    def test_what_is_sent_again_has_the_same_trace(self) -> None:
        waiting = PublishQueue(0.0, random.Random(1), sampler=TraceSampler(1.0))
        waiting.add([packing().pack(numbered(3))], 0.0)
        (first,) = waiting.take(1.0)
        waiting.settle([first], ["Throttled"], 1.0)
        (again,) = waiting.take(60.0)
        assert again.entry.body == first.entry.body

    @pytest.mark.parametrize("size", [100, 1_000, 23_000])
    def test_traced_messages_keep_to_the_limits(self, size: int) -> None:
        waiting, pack = (
            PublishQueue(0.0, random.Random(1), sampler=TraceSampler(1.0)),
            packing().pack,
        )
        waiting.add([pack(numbered(seq, size)) for seq in range(1, 400)], 0.0)
        seen = 0
        while parcels := waiting.take(1.0):
            check([parcel.entry for parcel in parcels])
            for parcel in parcels:
                assert parcel.raw <= MAX_MESSAGE_BYTES
                seen += len(decode(parcel.entry.body).changes)
            waiting.settle(parcels, [None] * len(parcels), 1.0)
        assert seen == 399


class TestRelay:
    def test_an_acknowledged_message_is_recorded_with_the_time_of_each_step(self) -> None:
        tracing = MemoryTracing()
        waiting = PublishQueue(0.0, random.Random(1), sampler=TraceSampler(1.0))
        times = iter([5.0, 6.0])
        pack = ChangeEncoding(
            "shop", MemorySchemas(), MemoryClaims(), clock=lambda: next(times)
        ).pack
        waiting.add([pack(numbered(3)), pack(numbered(6))], 0.0)
        (parcel,) = waiting.take(1.0)
        PublishTrace(tracing, "app-test relay shop", "shop").record(parcel, 7.0, 7.5)
        tracing.flush()
        (segment,) = tracing.segments
        assert parcel.trace == segment.of
        assert segment.annotations == {
            "stream": "shop",
            "table": "shop.listings",
            "group": parcel.entry.group,
            "key_hash": key_hash([3]),
            "seq": "3",
            "id": "t/3",
            "outcome": "published",
        }
        assert [(one.id, one.seq, one.read_ms) for one in changes_of(segment.details)] == [
            ("t/3", 3, 5000),
            ("t/6", 6, 6000),
        ]
        assert segment.steps == (
            TracedStep("read from the binlog", 1.0, 5.0),
            TracedStep("wait", 5.0, 7.0),
            TracedStep("SNS", 7.0, 7.5, aws=True),
        )

    def test_values_of_a_row_are_not_in_its_trace(self) -> None:
        tracing = MemoryTracing()
        waiting = PublishQueue(0.0, random.Random(1), sampler=TraceSampler(1.0))
        row = {"id": "zoe@example.com", "text": "secret"}
        one = Change("t/1", 1, "c", 1, {"id": row["id"]}, None, row, Transaction("t", 0, True))
        waiting.add([packing().pack((LISTINGS, 0, one))], 0.0)
        (parcel,) = waiting.take(1.0)
        PublishTrace(tracing, "relay", "shop").record(parcel, 7.0, 7.5)
        tracing.flush()
        text = segment_documents.encode(tracing.segments[0])
        assert b"zoe" not in text
        assert b"secret" not in text


@pytest.fixture
def world() -> ConsumerWorld:
    return ConsumerWorld()


def traced(world: ConsumerWorld) -> MemoryTracing:
    tracing = MemoryTracing()
    trace = BatchTrace(tracing, "app-test consumer search", world.settings)
    parts = world.sink(), world.state, world.claims, world.queue
    world.consume = Consume(world.settings, *parts, trace=trace)
    return tracing


def arriving(*changes: Change, group: str = "g") -> Any:
    """A delivery of a traced message."""
    one = delivery(changes, group)
    body = msgspec.structs.replace(message(changes, group), traceparent=str(TRACE))
    return msgspec.structs.replace(one, body=encode(body))


class TestConsumer:
    def test_a_message_continues_the_relays_trace(self, world: ConsumerWorld) -> None:
        tracing = traced(world)
        world.handle(arriving(change(1, "c", 7, price=3)))
        (segment,) = tracing.segments
        assert (segment.of.trace, segment.parent) == (TRACE.trace, TRACE.segment)
        assert segment.of.segment != TRACE.segment
        assert segment.annotations == {
            "consumer": "search",
            "stream": "shop",
            "table": "shop.items",
            "group": "g",
            "key_hash": key_hash([7]),
            "seq": "1",
            "id": "tx/1",
            "outcome": "applied",
        }

    def test_each_change_has_its_outcome(self, world: ConsumerWorld) -> None:
        tracing = traced(world)
        world.handle(arriving(change(1, "c", 7), change(2, "c", 8, price="no number")))
        world.handle(arriving(change(2, "c", 8), change(3, "u", 7)))
        first, second = ([(one.seq, one.outcome) for one in changes_of(segment.details)]
                         for segment in tracing.segments)  # fmt: skip
        assert [seq for seq, _ in first] == [1, 2]
        assert second == [(2, "duplicate"), (3, "applied")]
        assert tracing.segments[1].annotations["outcome"] == "applied"

    def test_what_the_sink_did_not_take_failed(self, world: ConsumerWorld) -> None:
        tracing = traced(world)
        world.search.down = True
        world.handle(arriving(change(1, "c", 7)))
        (segment,) = tracing.segments
        assert segment.annotations["outcome"] == "failed"
        assert segment.failed

    def test_the_log_names_what_failed_and_its_trace(self, world: ConsumerWorld) -> None:
        traced(world)
        world.search.down = True
        said = world.handle(arriving(change(1, "c", 7), change(2, "u", 7))).unusual()
        assert (said["changes"], said["trace_id"]) == (["tx/1", "tx/2"], [TRACE.xray])
        world.search.down = False
        assert world.handle(arriving(change(1, "c", 7), change(2, "u", 7))).unusual() == {}

    def test_an_untraced_message_leaves_no_segment(self, world: ConsumerWorld) -> None:
        tracing = traced(world)
        world.handle(delivery([change(1, "c", 7)]))
        assert tracing.segments == []


def segment(**more: Any) -> TraceSegment:
    annotations = {"table": "shop.items", "group": "g"}
    return TraceSegment(TRACE, "relay", 10.0, 11.5, annotations, listed([]), **more)


class TestDocuments:
    def test_a_segment_comes_back(self) -> None:
        one = segment(
            steps=(TracedStep("SNS", 10.5, 11.0, True),), parent="00000000000000ff", failed=True
        )
        assert segment_documents.decode(segment_documents.encode(one)) == one

    def test_a_document_of_somebody_else_is_left_out(self) -> None:
        document = json.loads(segment_documents.encode(segment()))
        assert segment_documents.decode(json.dumps({**document, "metadata": {}})) is None
        assert segment_documents.decode("{") is None

    def test_a_long_list_of_changes_ends_below_the_limit(self) -> None:
        many = [TracedChange("x" * 90, seq, "u", "0" * 12, 1, 1) for seq in range(500)]
        details = listed(many)
        assert len(details["changes"]) + details["more"] == 500
        assert details["more"] > 0
        assert len(msgspec.json.encode(details)) < MOST_BYTES * 1.1


class TracesService:
    """X-Ray as a client shows it."""

    def __init__(self) -> None:
        self.documents: list[str] = []
        self.fails = False
        self.calls = 0

    def put_trace_segments(self, TraceSegmentDocuments: list[str]) -> None:
        self.calls += 1
        if self.fails:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "PutTraceSegments")
        self.documents += TraceSegmentDocuments

    def get_paginator(self, name: str) -> "TracesService":
        assert name == "get_trace_summaries"
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        self.asked = asked
        yield {"TraceSummaries": [{"Id": TRACE.xray}]}

    def batch_get_traces(self, TraceIds: list[str]) -> dict[str, Any]:
        assert TraceIds == [TRACE.xray]
        return {"Traces": [{"Segments": [{"Document": one} for one in self.documents]}]}


SAMPLED = {
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "_X_AMZN_TRACE_ID": f"Root={TRACE.xray};Parent=00000000000000a1;Sampled=1",
}


class TestXRay:
    def test_where_lambda_runs_the_daemon_segments_go_there(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
            daemon.bind(("127.0.0.1", 0))
            daemon.settimeout(5)
            service = TracesService()
            address = f"127.0.0.1:{daemon.getsockname()[1]}"
            environ = {"AWS_XRAY_DAEMON_ADDRESS": address, **SAMPLED}
            tracer = XRayTracer(lambda: service, environ)
            tracer.record(segment())
            tracer.flush()
            head, _, body = daemon.recv(65535).partition(b"\n")
        assert json.loads(head) == {"format": "json", "version": 1}
        assert segment_documents.decode(body) == segment()
        assert service.calls == 0

    def test_an_invocation_that_lambda_does_not_sample_has_no_daemon(self) -> None:
        service = TracesService()
        environ = {
            "AWS_LAMBDA_FUNCTION_NAME": "f",
            "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:1",
            "_X_AMZN_TRACE_ID": SAMPLED["_X_AMZN_TRACE_ID"].replace("Sampled=1", "Sampled=0"),
        }
        tracer = XRayTracer(lambda: service, environ)
        tracer.record(segment())
        tracer.flush()
        assert [segment_documents.decode(one) for one in service.documents] == [segment()]

    def test_a_service_that_refuses_is_left_alone_for_a_minute(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        service, now = TracesService(), 100.0
        monkeypatch.setattr(xray.time, "monotonic", lambda: now)
        service.fails = True
        tracer = XRayTracer(lambda: service, {})
        for _ in range(3):
            tracer.record(segment())
            tracer.flush()
        assert service.calls == 1
        assert "AccessDenied" in caplog.text
        service.fails, now = False, 161.0
        tracer.record(segment())
        tracer.flush()
        assert len(service.documents) == 1

    def test_traces_are_found_by_annotation(self) -> None:
        service = TracesService()
        tracer = XRayTracer(lambda: service, {})
        tracer.record(segment())
        tracer.flush()
        found = XRayTraces(lambda _: service).find({"table": "shop.items", "group": "g"}, 5.0, 20.0)
        assert found == [segment()]
        assert service.asked["FilterExpression"] == (
            'annotation.table = "shop.items" AND annotation.group = "g"'
        )


def test_collected_traces_are_found_in_both_files(tmp_path: Any) -> None:
    file = tmp_path / "traces.jsonl"
    (tmp_path / "traces.jsonl.1").write_bytes(segment_documents.encode(segment()) + b"\n")
    later = segment(parent="00000000000000ff")
    file.write_bytes(b'{"half\n' + segment_documents.encode(later) + b"\n")
    traces = CollectedTraces(file)
    assert len(traces.find({"group": "g"}, 0.0, 100.0)) == 2
    assert traces.find({"group": "h"}, 0.0, 100.0) == []
    assert traces.find({"group": "g"}, 50.0, 100.0) == []
    changes = listed([TracedChange("tx/1", 1, "u", "k1", 9_000)])
    details = msgspec.structs.replace(segment(), details=changes)
    file.write_bytes(segment_documents.encode(details) + b"\n")
    for listing in ("tx/1", "k1"):
        assert len(traces.find({"group": "g"}, 0.0, 100.0, listing)) == 2
    assert traces.find({"group": "g"}, 0.0, 100.0, "tx/2") == []


def test_a_number_and_its_text_have_one_key_hash() -> None:
    assert key_hash([7]) == key_hash(["7"])
    assert key_hash([7, "a"]) != key_hash(["7a"])
