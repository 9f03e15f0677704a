"""Sink parts: the sinks of a stage, and its consumers at work."""

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.adapters.secrets import secret_json
from shared.domain.alias_takeover import Takeover
from shared.domain.sink import Examiner, Sink, SinkAccess, Surroundings
from shared.stage.aws_parts import AwsParts
from shared.values import source_endpoint
from shared.values.errors import RowlineError
from shared.values.settings import ConsumerSettings

if TYPE_CHECKING:
    from shared.flows.consume.consume import Consume
    from shared.flows.consume.draining import Drain


class SinkParts(AwsParts):
    """The sinks of a stage."""

    def sink(self, consumer: str) -> Sink:
        """A consumer's sink: at the given address, else its secret's."""
        from shared.flows.consume import sinks

        settings = self.consumer(consumer)
        address = self._addresses.get(settings.kind, "")
        return sinks.build(Surroundings(settings, self.state, _secret, address))

    def takeover(self, consumer: str) -> Takeover | None:
        """What moves the readers of a consumer's sink; None where nothing does."""
        from shared.flows.consume import sinks

        return sinks.takeover(self._access(consumer))

    def examiner(self, consumer: str) -> Examiner | None:
        """A consumer's sink for checks, which needs no deployed stage; None where it has none."""
        from shared.flows.consume import sinks

        return sinks.examine(self._access(consumer))

    def _access(self, consumer: str) -> SinkAccess:
        settings = self.consumer(consumer)
        return SinkAccess(settings, _secret, self._addresses.get(settings.kind, ""))

    def runtime(self, name: str) -> "Consume":
        """A consumer at work."""
        from shared.flows.consume.batch_trace import BatchTrace
        from shared.flows.consume.consume import Consume

        consumer, sink = self.consumer(name), self.sink(name)
        version = os.environ.get("ROWLINE_VERSION", "")
        trace = BatchTrace(self.tracer, f"{self.full_name} consumer {name}", consumer)
        queue = self.queue(name)
        return Consume(consumer, sink, self.state, self.claims, queue, version, trace=trace)

    def drain(self, name: str, consume: "Consume") -> "Drain":
        """What empties the queue of a consumer by schedule."""
        from shared.flows.consume.draining import Drain

        return Drain(self.consumer(name), consume, self.queue(name), self.state.gates)

    def start_drain(self, name: str) -> None:
        """Start a run of a consumer that a schedule drains; do nothing for any other.

        If that fails, the schedule starts a run within a minute.
        """
        if self.consumer(name).is_drained:
            with suppress(RowlineError):
                self.functions.start(self.consume_function(name), {"drain": True})

    def writes(self, consumer: ConsumerSettings) -> str:
        """Where a consumer's sink is, and where that address came from."""
        if url := self._addresses.get(consumer.kind):
            bare = url.rpartition("@")[2]
            return f"{consumer.kind} at {bare} ({self._origins.get(consumer.kind, '')})"
        secret = consumer.sink.get("secret", "")
        return f"{consumer.kind} (secret {secret})" if secret else consumer.kind

    def is_led_elsewhere(self, consumer: str) -> bool:
        """Whether a command was given another source or sink than the functions use."""
        settings = self.consumer(consumer)
        source, sink = self._addresses.get("source"), self._addresses.get(settings.kind)
        if source and self.only_source():
            name = self.settings.sources[settings.source].secret
            theirs = source_endpoint.from_secret(name, secret_json(name))
            given = source_endpoint.parse(source)
            if (given.host, given.port) != (theirs.host, theirs.port):
                return True
        url = str(_secret(settings.sink["secret"], False).get("url", "")) if sink else ""
        return bool(sink and _place(sink) != _place(url))


def _place(url: str) -> tuple[str | None, int | None]:
    parts = urlsplit(url)
    return parts.hostname, parts.port


def _secret(name: str, fresh: bool) -> Mapping[str, Any]:
    return secret_json(name, fresh=fresh)
