"""Elasticsearch: an index a table, each row one document."""

from functools import partial

from shared.adapters.search.elasticsearch import ElasticsearchSearch
from shared.domain.sink import SinkAccess, Surroundings
from shared.flows.consume.sinks.elasticsearch.examiner import ElasticsearchExaminer
from shared.flows.consume.sinks.elasticsearch.index_takeover import IndexTakeover
from shared.flows.consume.sinks.elasticsearch.latest_state import LatestState
from shared.flows.consume.sinks.elasticsearch.sink_settings import ElasticsearchSettings

Settings = ElasticsearchSettings


def build(settings: ElasticsearchSettings, around: Surroundings) -> LatestState:
    """The sink of a consumer, in the cluster of its secret or at the given address."""
    return LatestState(around.consumer, settings, _search(settings, around.access), around.state)


def examine(settings: ElasticsearchSettings, access: SinkAccess) -> ElasticsearchExaminer:
    """The same cluster, for reading. Raises ConfigError for a stanza that cannot work."""
    return ElasticsearchExaminer(access.consumer, settings, _search(settings, access))


def takeover(settings: ElasticsearchSettings, access: SinkAccess) -> IndexTakeover:
    """What fills another index and moves readers to it. Raises ConfigError."""
    return IndexTakeover(access.consumer, settings, _search(settings, access))


def _search(settings: ElasticsearchSettings, access: SinkAccess) -> ElasticsearchSearch:
    if access.address:
        return ElasticsearchSearch({"url": access.address})
    read = partial(access.secret, settings.secret)
    return ElasticsearchSearch(read(False), lambda: read(True))
