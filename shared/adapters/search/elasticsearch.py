"""Elasticsearch 8 and 9, OpenSearch 2 and 3, over HTTP.

Retries are not made here: the queue makes them, with its back-off.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec

from shared.adapters.search.alias_cache import KnownAliases
from shared.adapters.search.alias_moves import AliasMoves
from shared.adapters.search.behind_names import read_behind
from shared.adapters.search.bulk_item_error import result_of_item
from shared.adapters.search.cluster_connection import Connection, names
from shared.adapters.search.contract import Action, Behind, Document, Result
from shared.adapters.search.index_making import IndexMaking
from shared.adapters.search.request_errors import error_text, unreadable
from shared.values.errors import SearchError, SearchUnavailable
from shared.values.json_text import encode_json

_KEEP_ALIVE = "2m"
_PAGE = 5000
_SCANNED = "_scroll_id,hits.hits._id,hits.hits._version,_shards.failed"
_encode = msgspec.json.Encoder().encode


class ElasticsearchSearch:
    """A Search on a real cluster.

    `secret` is {"url", "api_key"? | "username"?, "password"?, "ca_certificate"?}; `refresh` reads
    it afresh when the cluster refuses the credentials, which may have been rotated. The first
    request opens the connection. Raises ConfigError when the secret lacks something.
    """

    def __init__(
        self, secret: Mapping[str, Any], refresh: Callable[[], Mapping[str, Any]] | None = None
    ) -> None:
        self._cluster = Connection(secret, refresh)
        self._aliases = KnownAliases(self._cluster)
        self._making = IndexMaking(self._cluster, self._aliases)
        moves = AliasMoves(self._cluster)
        self.make_index = self._making.make
        self.put_alias, self.drop_alias = moves.put_alias, moves.drop_alias
        self.move_aliases, self.count = moves.move, moves.count
        self.refresh, self.permit_moves = moves.refresh, moves.permit

    def place(self) -> str:
        return self._cluster.place()

    def version(self) -> str:
        self.get("rowline-is-anybody-there", ["1"])
        answer = self._cluster.answer("GET", "_nodes/_local", filter_path="nodes.*.version")
        if answer.status != 200:  # an account for indexes alone may not ask for nodes
            return ""
        version = str(next(iter(self._cluster.content(answer)["nodes"].values()))["version"])
        self._cluster.require_supported(version)
        return version

    def bulk(self, actions: list[Action]) -> list[Result]:
        absent = self._aliases.absent({action.index for action in actions if action.body is None})
        sent = [action for action in actions if action.index not in absent]
        results = iter(self._sent(sent) if sent else [])
        return [
            Result("missing", "index_not_found_exception")
            if action.index in absent
            else next(results)
            for action in actions
        ]

    def _sent(self, actions: list[Action]) -> list[Result]:
        """One bulk request, or several where the cluster takes none of that size.

        Its limit may be far below Elasticsearch's own 100 MB. Sources: Elasticsearch reference,
        "Networking settings", http.max_content_length; OpenSearch Service developer guide,
        "Network quotas". A document that is larger than the limit can never be written.
        """
        body = b"\n".join(_lines(actions)) + b"\n"
        answer = self._cluster.answer("PUT", _BULK, body)
        if answer.status == 413 and len(actions) == 1:
            limit = f"the cluster takes no request of {len(body):,} bytes"
            return [Result("refused", f"request_too_large: {limit} (http.max_content_length)")]
        if answer.status == 413:
            middle = len(actions) // 2
            return self._sent(actions[:middle]) + self._sent(actions[middle:])
        items = self._cluster.content(answer).get("items", [])
        if len(items) != len(actions):
            raise SearchUnavailable(
                f"answered 200 with the fate of {len(items)} of {len(actions)} writes.",
                thing=self._cluster.place(),
                hint="Does something between here and the cluster answer? Tried again later.",
            )
        return [result_of_item(next(iter(item.values()))) for item in items]

    def extend_mapping(self, alias: str, properties: dict[str, Any]) -> None:
        self._making.extend(alias, properties)

    def ensure_index(self, alias: str, definition: dict[str, Any]) -> None:
        self._making.ensure(alias, definition)

    def behind(self, names: Sequence[str]) -> dict[str, Behind]:
        return read_behind(names, self._cluster.get)

    def refusal(self, definition: dict[str, Any]) -> str:
        """Source: Elasticsearch reference, "Simulate template": it validates as creation does."""
        template = {
            "index_patterns": ["rowline-check-of-an-index-definition"],
            "priority": 1 << 30,
            "template": definition,
        }
        answer = self._cluster.answer("POST", "_index_template/_simulate", template)
        if answer.status == 400:
            return error_text(answer.body)
        self._cluster.require(answer)
        return ""

    def get(self, index: str, ids: list[str]) -> dict[str, Document]:
        found = self._found(index, ids, bodies=True)
        return {
            each["_id"]: Document(each["_id"], each["_version"], each["_source"]) for each in found
        }

    def versions(self, index: str, ids: list[str]) -> dict[str, int]:
        return {each["_id"]: each["_version"] for each in self._found(index, ids, bodies=False)}

    def _found(self, index: str, ids: list[str], *, bodies: bool) -> list[dict[str, Any]]:
        if not ids:
            return []
        answer = self._cluster.request(
            "POST",
            f"{names(index)}/_mget",
            {"ids": ids},
            _source="true" if bodies else "false",
            filter_path="docs._id,docs._version,docs.found,docs._source,docs.error.type",
        )
        for item in answer["docs"]:
            kind = item.get("error", {}).get("type", "index_not_found_exception")
            if kind != "index_not_found_exception":
                raise unreadable(kind, index)
        return [item for item in answer["docs"] if item.get("found")]

    def scan(self, index: str) -> Iterator[Document]:
        if not self._cluster.exists(names(index)):
            return
        self._cluster.request("POST", f"{names(index)}/_refresh")
        asked = {"size": _PAGE, "sort": ["_doc"], "_source": False, "version": True}
        path, held = f"{names(index)}/_search", {"scroll": _KEEP_ALIVE}
        page = self._cluster.request("POST", path, asked, **held, filter_path=_SCANNED)
        try:
            while True:
                if page["_shards"]["failed"]:
                    raise SearchUnavailable(
                        "answered without some of its shards.",
                        thing=index,
                        hint="See the cluster's health; the listing would not be whole.",
                    )
                hits = page.get("hits", {}).get("hits", [])
                for hit in hits:
                    yield Document(hit["_id"], hit["_version"], {})
                if len(hits) < _PAGE:
                    return
                following = {**held, "scroll_id": page["_scroll_id"]}
                path = "_search/scroll"
                page = self._cluster.request("POST", path, following, filter_path=_SCANNED)
        finally:
            ended = {"scroll_id": [page["_scroll_id"]]}
            with contextlib.suppress(SearchError, SearchUnavailable):  # it ends by itself
                self._cluster.request("DELETE", "_search/scroll", ended)


_BULK = "_bulk?" + urlencode(
    {
        "require_alias": "true",
        # The server gives up before we do, so that an item's fate is told, not guessed.
        "timeout": "5s",
        "filter_path": "items.*.status,items.*.error.type,items.*.error.reason",
    }
)


class _Address(msgspec.Struct, frozen=True, gc=False, rename={"index": "_index", "id": "_id"}):
    index: str
    id: str
    version: int
    version_type: str = "external_gte"


class _Index(msgspec.Struct, frozen=True, gc=False):
    index: _Address


class _Delete(msgspec.Struct, frozen=True, gc=False):
    delete: _Address


def _lines(actions: list[Action]) -> Iterator[bytes]:
    """The bulk body, encoded here: faster than by the client, and JSON columns pass through as they
    are.
    """
    for action in actions:
        address = _Address(action.index, action.id, action.version)
        if action.body is None:
            yield _encode(_Delete(address))
        else:
            yield _encode(_Index(address))
            yield encode_json(action.body)
