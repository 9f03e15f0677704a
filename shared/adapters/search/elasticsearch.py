"""Elasticsearch 8 and 9 through the official client. Retries are not made here: the queue makes them, with its back-off."""

import ssl
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from shared.adapters.search.answer import fate, problem
from shared.adapters.search.contract import Action, Document, Result
from shared.values.errors import SearchError

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

REQUEST_TIMEOUT = 10.0
"""Seconds a request may take; then it counts as not answered."""

_ALIAS_KNOWN = 10.0
_KEEP_ALIVE = "2m"
_PAGE = 5000
_encode = msgspec.json.Encoder().encode
T = TypeVar("T")


class Access(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """How to reach a cluster: the content of the consumer's secret. `api_key` (the encoded form) or `username` and `password`, or neither; `ca_certificate` PEM text."""

    url: str
    api_key: str = ""
    username: str = ""
    password: str = ""
    ca_certificate: str = ""


class ElasticsearchSearch:
    """A Search on a real cluster. `access` is asked at the first request, and again (with True: afresh) when the cluster refuses the credentials."""

    def __init__(self, access: Callable[[bool], Access]) -> None:
        self._access = access
        self._client: Elasticsearch | None = None
        self._refreshed = float("-inf")
        self._seen_alias: dict[str, float] = {}

    def bulk(self, actions: list[Action]) -> list[Result]:
        absent = self._absent({action.index for action in actions if action.body is None})
        sent = [action for action in actions if action.index not in absent]
        items: Iterator[dict[str, Any]] = iter(())
        if sent:
            lines: list[Any] = list(_lines(sent))
            answer = self._ask(
                # The server gives up before the client does, so that an item's fate is told rather than guessed.
                lambda client: client.bulk(
                    operations=lines,
                    require_alias=True,
                    timeout="5s",
                    filter_path="items.*.status,items.*.result,items.*.error.type,items.*.error.reason",
                )
            )
            items = (next(iter(item.values())) for item in answer["items"])
        return [Result("missing", "index_not_found_exception") if action.index in absent else fate(next(items)) for action in actions]

    def extend_mapping(self, alias: str, properties: dict[str, Any]) -> None:
        held = self._ask(lambda client: client.indices.get_mapping(index=alias))
        for index, answer in held.items():
            lacking = {field: mapping for field, mapping in properties.items() if field not in answer["mappings"].get("properties", {})}
            if lacking:
                self._with_known_types(
                    lacking, lambda known, index=index: self._ask(lambda client: client.indices.put_mapping(index=index, properties=known))
                )  # type: ignore[misc]

    def ensure_index(self, alias: str, definition: dict[str, Any]) -> None:
        if self._has_alias(alias):
            return
        index = f"{alias}-000001"
        aliases = {**definition.get("aliases", {}), alias: {"is_write_index": True}}

        def create(mappings: dict[str, Any]) -> None:
            self._ask(
                lambda client: client.indices.create(
                    index=index, settings=definition.get("settings", {}), mappings=mappings, aliases=aliases
                )
            )

        mappings = definition.get("mappings", {})
        try:
            self._with_known_types(
                mappings.get("properties", {}), lambda known: create({**mappings, "properties": known} if known else mappings)
            )
        except SearchError as error:
            # Another function was faster, or its own request was answered too late: the index then stands behind the alias since its creation.
            if "resource_already_exists_exception" not in error.what or not self._has_alias(alias):
                raise
        self._seen_alias[alias] = time.monotonic()

    def get(self, index: str, ids: list[str]) -> dict[str, Document]:
        if not ids:
            return {}
        answer = self._ask(
            lambda client: client.mget(index=index, ids=ids, filter_path="docs._id,docs._version,docs.found,docs._source,docs.error.type")
        )
        found = {}
        for item in answer["docs"]:
            if "error" in item and item["error"]["type"] != "index_not_found_exception":
                raise SearchError(f"could not read a document: {item['error']['type']}.", thing=index)
            if item.get("found"):
                found[item["_id"]] = Document(item["_id"], item["_version"], item["_source"])
        return found

    def scan(self, index: str) -> Iterator[Document]:
        if not self._has_alias(index):
            return
        self._ask(lambda client: client.indices.refresh(index=index))
        pit = self._ask(lambda client: client.open_point_in_time(index=index, keep_alive=_KEEP_ALIVE))["id"]
        after: list[Any] | None = None
        try:
            while True:
                page = self._ask(
                    lambda client, pit=pit, after=after: client.search(  # type: ignore[misc]
                        pit={"id": pit, "keep_alive": _KEEP_ALIVE},
                        size=_PAGE,
                        sort=["_shard_doc"],
                        search_after=after,
                        source=False,
                        version=True,
                        track_total_hits=False,
                        filter_path="pit_id,hits.hits._id,hits.hits._version,hits.hits.sort,_shards.failed",
                    )
                )
                if page["_shards"]["failed"]:
                    raise SearchError(
                        "answered without some of its shards.",
                        thing=index,
                        hint="See the cluster's health; the listing would not be whole.",
                    )
                pit = page["pit_id"]
                hits = page.get("hits", {}).get("hits", [])
                for hit in hits:
                    yield Document(hit["_id"], hit["_version"], {})
                if len(hits) < _PAGE:
                    return
                after = hits[-1]["sort"]
        finally:
            self._ask(lambda client: client.close_point_in_time(id=pit))

    def _absent(self, aliases: set[str]) -> set[str]:
        """Those of `aliases` that do not exist. `require_alias` does not hold for deletes: one with an external version creates a plain index
        of that name, without mappings, in the place of the alias. Source: TransportBulkAction, seen on 8.19."""
        now = time.monotonic()
        return {
            alias for alias in aliases if now - self._seen_alias.get(alias, float("-inf")) > _ALIAS_KNOWN and not self._has_alias(alias)
        }

    def _has_alias(self, alias: str) -> bool:
        exists = bool(self._ask(lambda client: client.indices.exists_alias(name=alias)))
        if exists:
            self._seen_alias[alias] = time.monotonic()
        else:
            self._seen_alias.pop(alias, None)
        return exists

    def _with_known_types(self, properties: dict[str, Any], use: Callable[[dict[str, Any]], Any]) -> None:
        """Some distributions lack the module of `unsigned_long`; `long` there, where what is above 2^63-1 is kept but not searchable."""
        try:
            use(properties)
        except SearchError as error:
            if "mapper type [unsigned_long]" not in error.what:
                raise
            use(
                {
                    field: {"type": "long", "ignore_malformed": True} if mapping.get("type") == "unsigned_long" else mapping
                    for field, mapping in properties.items()
                }
            )

    def _ask(self, request: Callable[["Elasticsearch"], T]) -> T:
        """One request. Raises SearchUnavailable or SearchError; refused credentials are read afresh, at most once a minute."""
        from elasticsearch import ApiError, AuthenticationException, TransportError

        client = self._client = self._client or connect(self._access(False))
        try:
            return request(client)
        except AuthenticationException as error:
            if time.monotonic() - self._refreshed < 60:
                raise problem(error, client) from None
            self._refreshed = time.monotonic()
            client.close()
            self._client = connect(self._access(True))
            try:
                return request(self._client)
            except (ApiError, TransportError) as again:
                raise problem(again, self._client) from None
        except (ApiError, TransportError) as error:
            raise problem(error, client) from None


def connect(access: Access) -> "Elasticsearch":
    """A client for a cluster: certificates verified (against `ca_certificate` where given), connections kept between requests, no sniffing, no retries."""
    from elasticsearch import Elasticsearch

    options: dict[str, Any] = {}
    secure = access.url.startswith("https:")
    if secure:
        options["ssl_context"] = ssl.create_default_context(cadata=access.ca_certificate or None)
    if access.api_key:
        options["api_key"] = access.api_key
    elif access.username:
        options["basic_auth"] = (access.username, access.password)
    try:
        return Elasticsearch(
            _with_port(access.url),
            request_timeout=REQUEST_TIMEOUT,
            max_retries=0,
            retry_on_timeout=False,
            retry_on_status=(),
            http_compress=secure,
            **options,
        )
    except ValueError as error:
        raise SearchError(
            f"is no address of Elasticsearch: {error}.", thing=access.url.rpartition("@")[2], hint="Write https://HOST:9200."
        ) from None


def _with_port(url: str) -> str:
    """The client asks for a port where browsers know one."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    has_port = host.rpartition("@")[2].rpartition("]")[2].count(":") > 0
    return url if has_port else f"{scheme}://{host}:{443 if scheme == 'https' else 80}{slash}{path}"


def _lines(actions: list[Action]) -> Iterator[bytes]:
    """The bulk body, encoded here: faster than by the client, and JSON columns pass through as they are."""
    for action in actions:
        address = {"_index": action.index, "_id": action.id, "version": action.version, "version_type": "external_gte"}
        if action.body is None:
            yield _encode({"delete": address})
        else:
            yield _encode({"index": address})
            yield _encode(action.body)
