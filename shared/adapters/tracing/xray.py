"""X-Ray: sends segments, and finds them again."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from shared.adapters.aws_errors import FAILURES, RIGHTS_OF_COMMANDS, code_of, failure
from shared.adapters.tracing import segment_documents
from shared.adapters.tracing.contract import TraceSegment

log = logging.getLogger("rowline.tracing")

_HEADER = b'{"format":"json","version":1}\n'
_MOST_WAITING = 500
_A_REQUEST = 25
"""Documents of one PutTraceSegments: 64 KiB each would exceed no limit that is known."""
SILENT_SECONDS = 60.0
_TRACES_A_REQUEST = 5
"""Source: X-Ray API reference, BatchGetTraces: five trace ids at most."""
_MOST_TRACES = 50


class XRayTracer:
    """Sends segments to the X-Ray daemon where Lambda runs one, else to the service itself.

    Lambda runs the daemon for an invocation that it samples itself (X-Ray developer guide, "AWS
    X-Ray daemon"), and says so in _X_AMZN_TRACE_ID. Our sampling is another one, so both ways are
    needed. A container has no daemon; whoever runs one beside it sets AWS_XRAY_DAEMON_ADDRESS.

    client: gives a client of X-Ray, which makes one attempt a call. After a failure nothing is sent
        for a minute: a function must not wait for X-Ray with each batch.
    """

    def __init__(self, client: Callable[[], Any], environ: Mapping[str, str] = os.environ) -> None:
        self._client, self._environ = cache(client), environ
        self._waiting: list[bytes] = []
        self._lock = threading.Lock()
        self._silent_until = 0.0

    def record(self, segment: TraceSegment) -> None:
        with self._lock:
            if len(self._waiting) < _MOST_WAITING:
                self._waiting.append(segment_documents.encode(segment))

    def flush(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        if not waiting or time.monotonic() < self._silent_until:
            return
        try:
            if address := self._daemon():
                _send(address, waiting)
            else:
                for at in range(0, len(waiting), _A_REQUEST):
                    some = [one.decode() for one in waiting[at : at + _A_REQUEST]]
                    self._client().put_trace_segments(TraceSegmentDocuments=some)
        except (OSError, *FAILURES) as error:
            self._say(error, len(waiting))

    def _daemon(self) -> tuple[str, int] | None:
        host, _, port = self._environ.get("AWS_XRAY_DAEMON_ADDRESS", "").partition(":")
        in_function = "AWS_LAMBDA_FUNCTION_NAME" in self._environ
        runs = not in_function or "Sampled=1" in self._environ.get("_X_AMZN_TRACE_ID", "")
        return (host, int(port)) if runs and port.isdigit() else None

    def _say(self, error: Exception, count: int) -> None:
        self._silent_until = time.monotonic() + SILENT_SECONDS
        log.warning(
            "%d segments could not be sent to X-Ray (%s); traces of the next minute are incomplete",
            count,
            code_of(error),
        )


def _send(address: tuple[str, int], waiting: Iterable[bytes]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
        sending.setblocking(False)
        for document in waiting:
            sending.sendto(_HEADER + document, address)


class XRayTraces:
    """The traces that X-Ray holds, for 30 days. client: gives a client of an AWS service."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self._client = client

    def find(
        self, wanted: dict[str, str], since: float, until: float, listing: str = ""
    ) -> list[TraceSegment]:
        terms = [f'annotation.{name} = "{value}"' for name, value in wanted.items()]
        try:
            pages = (
                self._client("xray")
                .get_paginator("get_trace_summaries")
                .paginate(
                    StartTime=datetime.fromtimestamp(since, UTC),
                    EndTime=datetime.fromtimestamp(until, UTC),
                    FilterExpression=" AND ".join(terms),
                )
            )
            ids: list[str] = []
            for page in pages:
                ids += [one["Id"] for one in page["TraceSummaries"]]
                if len(ids) >= _MOST_TRACES:
                    break
            return sorted(self._segments(ids[:_MOST_TRACES]), key=lambda one: one.start)
        except FAILURES as error:
            raise failure("X-Ray", error, thing="traces", hint=RIGHTS_OF_COMMANDS) from None

    def _segments(self, ids: list[str]) -> Iterable[TraceSegment]:
        for at in range(0, len(ids), _TRACES_A_REQUEST):
            some = ids[at : at + _TRACES_A_REQUEST]
            for trace in self._client("xray").batch_get_traces(TraceIds=some)["Traces"]:
                for one in trace["Segments"]:
                    if segment := segment_documents.decode(one["Document"]):
                        yield segment
