"""Connection: one client to a cluster, kept between requests.

Its credentials are read again when the cluster refuses them.
"""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from shared.adapters.search import plain
from shared.adapters.search.access import Access, access_of
from shared.adapters.search.answer import problem
from shared.values.errors import ConfigError

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

REQUEST_TIMEOUT = 10.0
"""Seconds a request may take; then it counts as not answered."""

_REFRESH_EVERY = 60.0
T = TypeVar("T")


class Connection:
    """See `ElasticsearchSearch` for `secret` and `refresh`.

    The first request imports the client's module, unless that is done before: the import takes
    longer than all else of a cold start.
    """

    def __init__(
        self, secret: Mapping[str, Any], refresh: Callable[[], Mapping[str, Any]] | None
    ) -> None:
        self._access = access_of(secret)
        self._refresh = refresh
        self._client: Elasticsearch | None = None
        self._refreshed = float("-inf")

    def place(self) -> str:
        return self._access.place()

    def get(self, path: str) -> Any:
        """One GET request without the client. Raises SearchUnavailable, SearchError."""
        return plain.get(self._access, path)

    def ask(self, request: Callable[["Elasticsearch"], T]) -> T:
        """Make one request. Raises SearchUnavailable or SearchError.

        Credentials that are refused are read again, at most once a minute.
        """
        from elasticsearch import ApiError, AuthenticationException, TransportError

        client = self._client = self._client or connect(self._access)
        try:
            return request(client)
        except AuthenticationException as error:
            if self._refresh is None or time.monotonic() - self._refreshed < _REFRESH_EVERY:
                raise problem(error, client) from None
        except (ApiError, TransportError) as error:
            raise problem(error, client) from None
        self._refreshed = time.monotonic()
        self._access = access_of(self._refresh())
        client.close()
        client = self._client = connect(self._access)
        try:
            return request(client)
        except (ApiError, TransportError) as error:
            raise problem(error, client) from None


def connect(access: Access) -> "Elasticsearch":
    """A client for a cluster: connections kept between requests, no sniffing, no retries.

    Certificates are verified, against `ca_certificate` where given. Raises ConfigError.
    """
    from elasticsearch import Elasticsearch

    options: dict[str, Any] = {}
    secure = access.url.startswith("https:")
    if secure:
        options["ssl_context"] = access.ssl_context()
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
        raise ConfigError(
            f"is no address of Elasticsearch: {error}.",
            thing=access.url.rpartition("@")[2],
            hint="Write https://HOST:9200.",
        ) from None


def _with_port(url: str) -> str:
    """The client asks for a port where browsers know one."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    has_port = host.rpartition("@")[2].rpartition("]")[2].count(":") > 0
    return url if has_port else f"{scheme}://{host}:{443 if scheme == 'https' else 80}{slash}{path}"
