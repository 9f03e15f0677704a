"""The sinks that the conformance suite examines, and how it looks into each."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from shared.adapters.search.contract import Action, Result, Search
from shared.adapters.search.elasticsearch import ElasticsearchSearch
from shared.domain.sink import Sink, Surroundings
from shared.flows.consume import sinks
from shared.flows.consume.sinks.elasticsearch.latest_state import LatestState
from shared.values.settings import ConsumerSettings
from tests.contract import own_handler
from tests.worlds.consumer_world import STREAM, TABLE, elasticsearch_settings
from tests.worlds.receiver import KEY, listening
from tests.worlds.twins.search import MemorySearch
from tests.worlds.twins.state import memory_state

NOWHERE = "http://127.0.0.1:9"


class Exam:
    """A sink of its own for one test, empty at first.

    kind: the sink's name. refused: columns of a row that it refuses for good; None: it has none.
    probes: whether `probe` notices an outage.
    """

    kind: ClassVar[str]
    probes: ClassVar[bool] = True
    refused: ClassVar[dict[str, Any] | None] = None

    def __init__(self, folder: Path, request: pytest.FixtureRequest) -> None:
        self.folder, self.request = folder, request
        self.state = memory_state()
        self.state.schemas.version_of(STREAM, TABLE)
        self.prefix = f"t-{uuid.uuid4().hex[:12]}"

    def stanza(self) -> dict[str, Any]:
        """The sink's settings."""
        raise NotImplementedError

    @property
    def consumer(self) -> ConsumerSettings:
        sink = {"kind": self.kind, **self.stanza()}
        return ConsumerSettings("search", STREAM, ("shop.*",), sink)

    def secret(self, name: str, fresh: bool) -> dict[str, Any]:
        """The content of a secret that the stanza names."""
        raise NotImplementedError

    def sink(self) -> Sink:
        """The sink in a new process."""
        return sinks.build(Surroundings(self.consumer, self.state, self.secret))

    def held(self, table: str = "items") -> dict[int, dict[str, Any]]:
        """The rows that the sink holds of a table of `shop`, by their key."""
        raise NotImplementedError

    def outage(self) -> AbstractContextManager[None]:
        """The sink cannot be reached by what `sink` returns meanwhile."""
        raise NotImplementedError

    def failing(self, key: int) -> AbstractContextManager[None] | None:
        """Writes of this row fail for the moment, all others work; None where all fail or none."""
        return None


class _Elasticsearch(Exam):
    kind = "elasticsearch"
    refused: ClassVar[dict[str, Any] | None] = {"price": {"not": "a number"}}

    def stanza(self) -> dict[str, Any]:
        return {"secret": "s", "alias": f"{self.prefix}-{{table}}"}

    def search(self) -> Search:
        raise NotImplementedError

    def held(self, table: str = "items") -> dict[int, dict[str, Any]]:
        search, alias = self.search(), f"{self.prefix}-{table}"
        found = search.get(alias, [each.id for each in search.scan(alias)])
        return {int(id): each.body for id, each in found.items()}

    @contextmanager
    def failing(self, key: int) -> Iterator[None]:
        kind = type(self.search())
        bulk: Callable[[Any, list[Action]], list[Result]] = kind.bulk

        def partly(search: Any, actions: list[Action]) -> list[Result]:
            rest = iter(bulk(search, [each for each in actions if each.id != str(key)]))
            full = Result("transient", "es_rejected_execution_exception: full")
            return [full if each.id == str(key) else next(rest) for each in actions]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kind, "bulk", partly)
            yield


class ElasticsearchTwin(_Elasticsearch):
    def __init__(self, folder: Path, request: pytest.FixtureRequest) -> None:
        super().__init__(folder, request)
        self._search = MemorySearch()

    def search(self) -> Search:
        return self._search

    def sink(self) -> Sink:
        consumer = self.consumer
        return LatestState(consumer, elasticsearch_settings(consumer), self._search, self.state)

    @contextmanager
    def outage(self) -> Iterator[None]:
        self._search.down = True
        yield
        self._search.down = False


class Elasticsearch(_Elasticsearch):
    server = "elasticsearch"

    def __init__(self, folder: Path, request: pytest.FixtureRequest) -> None:
        super().__init__(folder, request)
        self._url = request.getfixturevalue(self.server).url

    def search(self) -> Search:
        return ElasticsearchSearch({"url": self._url})

    def secret(self, name: str, fresh: bool) -> dict[str, Any]:
        return {"url": self._url}

    @contextmanager
    def outage(self) -> Iterator[None]:
        self._url, there = NOWHERE, self._url
        yield
        self._url = there


class OpenSearch(Elasticsearch):
    server = "opensearch"

    def stanza(self) -> dict[str, Any]:
        # Derived indexes have `ignore_malformed`, and then OpenSearch keeps an object in any field.
        price = {"type": "long", "ignore_malformed": False}
        return {**super().stanza(), "index": {"mappings": {"properties": {"price": price}}}}


class HandlerFunction(Exam):
    kind = "handler"
    refused: ClassVar[dict[str, Any] | None] = {"title": "x" * 1000}
    probes = False  # a function cannot be asked
    function = "tests/contract/own_handler.handle"

    def __init__(self, folder: Path, request: pytest.FixtureRequest) -> None:
        super().__init__(folder, request)
        own_handler.reset()

    def stanza(self) -> dict[str, Any]:
        return {"function": self.function}

    def held(self, table: str = "items") -> dict[int, dict[str, Any]]:
        rows = own_handler.held.items()
        return {key: row for (name, key), (_, row) in rows if name == f"shop.{table}" and row}

    @contextmanager
    def outage(self) -> Iterator[None]:
        own_handler.down = True
        yield
        own_handler.down = False


class HandlerClass(HandlerFunction):
    probes = True
    function = "tests.contract.own_handler.Own"

    @contextmanager
    def failing(self, key: int) -> Iterator[None]:
        own_handler.failing.add(key)
        yield
        own_handler.failing.discard(key)


class HttpSingle(Exam):
    kind = "http"
    refused: ClassVar[dict[str, Any] | None] = {"title": "x" * 1000}
    batch = 1
    tells = False

    def __init__(self, folder: Path, request: pytest.FixtureRequest) -> None:
        super().__init__(folder, request)
        server = listening()
        self.receiver = server.__enter__()
        request.addfinalizer(lambda: server.__exit__(None, None, None))
        self.receiver.tells, self._url = self.tells, self.receiver.url

    def stanza(self) -> dict[str, Any]:
        return {"url": self._url, "secret": "s", "batch": self.batch}

    def secret(self, name: str, fresh: bool) -> dict[str, Any]:
        return {"signing_key": KEY}

    def held(self, table: str = "items") -> dict[int, dict[str, Any]]:
        rows = self.receiver.rows.items()
        return {key: row for (name, key), (_, row) in rows if name == f"shop.{table}" and row}

    @contextmanager
    def outage(self) -> Iterator[None]:
        self._url, there = NOWHERE, self._url
        yield
        self._url = there


class HttpBatch(HttpSingle):
    batch = 40


class HttpBatchThatTells(HttpBatch):
    tells = True

    @contextmanager
    def failing(self, key: int) -> Iterator[None]:
        self.receiver.failing.add(key)
        yield
        self.receiver.failing.discard(key)


EXAMS: list[type[Exam]] = [
    ElasticsearchTwin,
    Elasticsearch,
    OpenSearch,
    HandlerFunction,
    HandlerClass,
    HttpSingle,
    HttpBatch,
    HttpBatchThatTells,
]
