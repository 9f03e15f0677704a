"""Segment documents: segments as X-Ray writes them.

Source: X-Ray developer guide, "AWS X-Ray segment documents". The X-Ray SDK for Python is not used:
it is no longer developed, its support ends on 2027-02-25 (X-Ray developer guide, "X-Ray SDK and
Daemon Support timeline"), it cannot continue a message's trace inside a function, and its import
takes 120 ms. The service and the form of its documents remain.
"""

import secrets
from typing import Any

import msgspec

from shared.adapters.tracing.contract import TracedStep, TraceSegment
from shared.values.traceparent import Traceparent

_DETAILS = "rowline"
"""The namespace of our metadata."""


class _Document(msgspec.Struct):
    name: str
    id: str
    trace_id: str
    start_time: float
    end_time: float = 0.0
    parent_id: str = ""
    annotations: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    subsegments: list[dict[str, Any]] = []
    fault: bool = False


_decode = msgspec.json.Decoder(_Document).decode


def encode(segment: TraceSegment) -> bytes:
    """The segment document, JSON in one line."""
    document: dict[str, Any] = {
        "name": segment.name,
        "id": segment.of.segment,
        "trace_id": segment.of.xray,
        "start_time": segment.start,
        "end_time": max(segment.start, segment.end),
        "annotations": segment.annotations,
        "metadata": {_DETAILS: segment.details},
        "subsegments": [_step(step) for step in segment.steps],
    }
    if segment.parent:
        document["parent_id"] = segment.parent
    if segment.failed:
        document["fault"] = True
    return msgspec.json.encode(document)


def decode(text: str | bytes) -> TraceSegment | None:
    """The segment of a document; None for one that Rowline did not write."""
    try:
        document = _decode(text)
    except msgspec.MsgspecError:
        return None
    details = document.metadata.get(_DETAILS)
    trace = document.trace_id.replace("-", "")[1:]
    if not isinstance(details, dict) or len(trace) != 32:
        return None
    return TraceSegment(
        Traceparent(trace, document.id),
        document.name,
        document.start_time,
        document.end_time,
        document.annotations,
        details,
        tuple(
            TracedStep(
                one["name"], one["start_time"], one["end_time"], one.get("namespace") == "aws"
            )
            for one in document.subsegments
        ),
        document.parent_id,
        document.fault,
    )


def _step(step: TracedStep) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": step.name,
        "id": secrets.token_hex(8),
        "start_time": step.start,
        "end_time": max(step.start, step.end),
    }
    return document | ({"namespace": "aws"} if step.aws else {})
