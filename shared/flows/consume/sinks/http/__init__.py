"""HTTP: a webhook, which gets changes as signed requests and compares their numbers."""

import importlib
from functools import partial

from shared.adapters.webhook.webhook_endpoint import WebhookEndpoint
from shared.domain.sink import SinkAccess, Surroundings
from shared.flows.consume.sinks.http.http_examiner import HttpExaminer
from shared.flows.consume.sinks.http.http_settings import HttpSettings
from shared.flows.consume.sinks.http.http_sink import HttpSink

Settings = HttpSettings


def build(settings: HttpSettings, around: Surroundings) -> HttpSink:
    """The sink of a consumer, at the URL of its stanza or at the given address."""
    return HttpSink(around.consumer, settings, _endpoint(settings, around.access))


def examine(settings: HttpSettings, access: SinkAccess) -> HttpExaminer:
    """The same receiver, for a question without changes."""
    return HttpExaminer(access.consumer, _endpoint(settings, access))


def _endpoint(settings: HttpSettings, access: SinkAccess) -> WebhookEndpoint:
    return WebhookEndpoint(access.address or settings.url, partial(access.secret, settings.secret))


def preload() -> None:
    """Import the client while a function starts, at full CPU, not in its first request."""
    importlib.import_module("urllib3")
