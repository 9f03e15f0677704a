"""Elasticsearch: an index a table, each row one document."""

import importlib
from functools import partial

from shared.adapters.search.elasticsearch import ElasticsearchSearch
from shared.domain.sink import Surroundings
from shared.flows.consume.sinks.elasticsearch.latest_state import LatestState
from shared.flows.consume.sinks.elasticsearch.settings import ElasticsearchSettings

Settings = ElasticsearchSettings


def build(settings: ElasticsearchSettings, around: Surroundings) -> LatestState:
    """The sink of a consumer, in the cluster of its secret or at the given address."""
    if around.address:
        search = ElasticsearchSearch({"url": around.address})
    else:
        read = partial(around.secret, settings.secret)
        search = ElasticsearchSearch(read(False), lambda: read(True))
    return LatestState(around.consumer, settings, search, around.state)


def preload() -> None:
    """Import the client while a function starts, at full CPU, not in its first request."""
    importlib.import_module("elasticsearch")
