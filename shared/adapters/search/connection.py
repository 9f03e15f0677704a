"""Connection: one client to a cluster, kept between requests.

Its credentials are read again when the cluster refuses them.
"""

import ssl
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from shared.adapters.search.answer import problem
from shared.values.errors import ConfigError

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

REQUEST_TIMEOUT = 10.0
"""Seconds a request may take; then it counts as not answered."""

_REFRESH_EVERY = 60.0
T = TypeVar("T")


class Access(msgspec.Struct, frozen=True):
    """How to reach a cluster: the content of the consumer's secret. Nothing of it shows in `repr`.

    api_key: in its encoded form; else username and password, or neither.
    ca_certificate: PEM text.
    """

    url: str
    api_key: str = ""
    username: str = ""
    password: str = ""
    ca_certificate: str = ""

    def __repr__(self) -> str:
        return "Access(…)"


class Connection:
    """See `ElasticsearchSearch` for `secret` and `refresh`.

    The first request imports the client's module, unless that is done before: the import takes
    longer than all else of a cold start.
    """

    def __init__(
        self, secret: Mapping[str, Any], refresh: Callable[[], Mapping[str, Any]] | None
    ) -> None:
        self._access = _access(secret)
        self._refresh = refresh
        self._client: Elasticsearch | None = None
        self._refreshed = float("-inf")

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
        self._access = _access(self._refresh())
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
        try:
            options["ssl_context"] = ssl.create_default_context(
                cadata=access.ca_certificate or None
            )
        except ssl.SSLError:
            raise ConfigError(
                "is no certificate.",
                thing="ca_certificate in the secret of Elasticsearch",
                hint="Store the CA as PEM text.",
            ) from None
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


def _access(secret: Mapping[str, Any]) -> Access:
    try:
        return msgspec.convert(dict(secret), Access)
    except msgspec.ValidationError as error:
        hint = (
            "It needs url, and api_key or username and password, and ca_certificate (PEM) for "
            "a CA of your own; all texts."
        )
        raise ConfigError(
            f"cannot be used: {error}.", thing="the secret of Elasticsearch", hint=hint
        ) from None


def _with_port(url: str) -> str:
    """The client asks for a port where browsers know one."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    has_port = host.rpartition("@")[2].rpartition("]")[2].count(":") > 0
    return url if has_port else f"{scheme}://{host}:{443 if scheme == 'https' else 80}{slash}{path}"
