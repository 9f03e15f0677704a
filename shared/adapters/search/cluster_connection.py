"""Cluster connection: requests to one cluster, over connections that stay open.

Its credentials are read again when the cluster refuses them.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from shared.adapters.search import plain
from shared.adapters.search.access import access_of
from shared.adapters.search.plain import PlainRequests, SearchAnswer
from shared.adapters.search.product import (
    ELASTICSEARCH,
    OPENSEARCH,
    Product,
    by_headers,
    by_root,
)
from shared.adapters.search.request_errors import reason_at_top, refused
from shared.values.errors import SearchError, SearchUnavailable
from shared.values.json_text import encode_json

REQUEST_TIMEOUT = 10.0
"""Seconds a request may take; then it counts as not answered."""

CONNECTIONS = 10
_SAYS_NOTHING = frozenset((401, 403, 408, 429, 500, 502, 503, 504))
"""Statuses that something in front of the cluster gives too."""

_REFRESH_EVERY = 60.0


class Connection:
    """See `ElasticsearchSearch` for `secret` and `refresh`."""

    def __init__(
        self, secret: Mapping[str, Any], refresh: Callable[[], Mapping[str, Any]] | None
    ) -> None:
        self._access = access_of(secret)
        self._refresh = refresh
        self._requests: PlainRequests | None = None
        self._refreshed = float("-inf")
        self._product: Product | None = None

    def place(self) -> str:
        return self._access.place()

    def get(self, path: str) -> Any:
        """One quick GET request of its own. Raises SearchUnavailable, SearchError."""
        return plain.get(self._access, path)

    def request(self, method: str, path: str, body: Any = None, **params: str) -> Any:
        """The decoded answer. Raises SearchUnavailable, SearchError, ConfigError.

        body: bytes are the lines of a bulk request, anything else is sent as JSON.
        """
        return self.content(self.answer(method, path, body, **params))

    def content(self, answer: SearchAnswer) -> dict[str, Any]:
        """The decoded content of an answer. Raises SearchUnavailable, SearchError.

        Something in front of a cluster may answer in its place, with a page.
        """
        self.require(answer)
        if not isinstance(answer.body, dict):
            raise SearchUnavailable(
                f"answered {answer.status} with something else than a JSON object.",
                thing=self.place(),
                hint="Does something between here and the cluster answer? Tried again later.",
            )
        return answer.body

    def exists(self, path: str) -> bool:
        """Whether something has this path. Raises what `request` raises."""
        answer = self.answer("HEAD", path)
        if answer.status == 404:
            return False
        self.require(answer)
        return True

    def answer(self, method: str, path: str, body: Any = None, **params: str) -> SearchAnswer:
        """The answer, whatever its status. Raises SearchUnavailable, SearchError, ConfigError.

        Credentials that are refused are read again, at most once a minute.
        """
        answer = self._send(method, path, body, params)
        now = time.monotonic()
        if answer.status != 401 or self._refresh is None or now - self._refreshed < _REFRESH_EVERY:
            return answer
        self._refreshed = now
        self._access = access_of(self._refresh())
        if self._requests is not None:
            self._requests.close()
            self._requests = None
        return self._send(method, path, body, params)

    def require(self, answer: SearchAnswer) -> None:
        """Raises SearchUnavailable, SearchError for an answer that refuses the request."""
        if not 200 <= answer.status < 300:
            raise refused(answer.status, reason_at_top(answer.body), self.place())

    def require_supported(self, version: str) -> None:
        """Raises SearchError for a version of the cluster that is too old. Unknown ones pass."""
        product = self._product or ELASTICSEARCH
        major = version.partition(".")[0]
        if major.isdigit() and int(major) < product.oldest:
            raise SearchError(
                f"is {product.name} {version}.",
                thing=self.place(),
                hint=f"Upgrade to {product.oldest} or later.",
            )

    def _send(self, method: str, path: str, body: Any, params: Mapping[str, str]) -> SearchAnswer:
        """Send one request, and again where the first answer names another product."""
        answer = self._sent(method, path, body, params, self._product or ELASTICSEARCH)
        if self._product is None and answer.status not in _SAYS_NOTHING:
            self._product = by_headers(answer.headers) or self._asked()
            if self._product is OPENSEARCH:
                return self._sent(method, path, body, params, OPENSEARCH)
            if self._product is None and 200 <= answer.status < 300:
                raise SearchError(
                    "is neither Elasticsearch nor OpenSearch.",
                    thing=self.place(),
                    hint="Give the address of a cluster of Elasticsearch 8 or 9, or of OpenSearch "
                    "2 or 3, in the secret. The account must be allowed to ask `GET /`.",
                )
        return answer

    def _asked(self) -> Product | None:
        return by_root(self._sent("GET", "", None, {}, OPENSEARCH).body)

    def _sent(
        self, method: str, path: str, body: Any, params: Mapping[str, str], product: Product
    ) -> SearchAnswer:
        if self._requests is None:
            self._requests = PlainRequests(self._access, CONNECTIONS)
        is_lines = isinstance(body, bytes)
        return self._requests.send(
            method,
            path,
            body if is_lines or body is None else encode_json(body),
            params=params,
            product=product,
            is_lines=is_lines,
            seconds=REQUEST_TIMEOUT,
        )


def names(*each: str) -> str:
    """Names of indexes or aliases as a part of a path."""
    return ",".join(quote(name, safe="") for name in each)
