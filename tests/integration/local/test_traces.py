"""The X-Ray daemon beside the emulator's functions."""

import json
import socket
from hashlib import blake2b

import boto3

from shared.adapters.tracing import segment_documents
from shared.adapters.tracing.collected import CollectedTraces
from shared.adapters.tracing.contract import TraceSegment
from shared.adapters.tracing.xray import XRayTracer
from shared.values.traceparent import Traceparent
from tests.integration.local.conftest import function, upload
from tests.waiting import wait_for

CODE = """
import json, os, socket
def handle(event, context):
    host, _, port = os.environ["AWS_XRAY_DAEMON_ADDRESS"].partition(":")
    document = json.dumps(event).encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b'{"format":"json","version":1}\\n' + document, (host, int(port)))
    return os.environ.get("_X_AMZN_TRACE_ID", "")
"""


def segment(name: str) -> TraceSegment:
    trace = Traceparent("6a7b8c9d" + blake2b(name.encode(), digest_size=12).hexdigest(), "a1" * 8)
    return TraceSegment(trace, name, 10.0, 11.0, {"group": name}, {"changes": []})


def found(emulator, name):
    return CollectedTraces(emulator.traces).find({"group": name}, 0.0, 100.0)


def test_segments_of_a_function_are_collected(deploy, name, emulator):
    deploy(function(name, TracingConfig={"Mode": "Active"}))
    upload(name, CODE)
    event = segment_documents.encode(segment(name))
    answer = boto3.client("lambda").invoke(FunctionName=name, Payload=event)
    said = json.loads(answer["Payload"].read())
    assert "Sampled=1" in said  # so that our tracer sends to the daemon
    wait_for(lambda: found(emulator, name) == [segment(name)])


def test_another_process_can_send_to_it(emulator, name):
    tracer = XRayTracer(lambda: None, {"AWS_XRAY_DAEMON_ADDRESS": emulator.daemon_address})
    tracer.record(segment(name))
    tracer.flush()
    wait_for(lambda: found(emulator, name) == [segment(name)])


def test_what_is_no_segment_does_not_end_the_daemon(emulator, name):
    host, _, port = emulator.daemon_address.partition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for odd in (b"", b"\xff\xfe", b'{"format":"json","version":1}\nnot json', b"[]\n[]"):
            out.sendto(odd, (host, int(port)))
    test_another_process_can_send_to_it(emulator, name)
