"""Plain requests to a cluster, without the official client.

That takes longer to import than all else of a cold start together: it has a class for each of some
500 endpoints, twice. Rowline uses a dozen of them.
"""

import base64
import gzip
import ssl
import zlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlencode, urlsplit

import msgspec
from urllib3.util import wait_for_read

from shared.adapters.search.access import Access
from shared.adapters.search.http_connection import BROKEN, HttpConnection
from shared.adapters.search.product import ELASTICSEARCH, Product
from shared.adapters.search.request_errors import error_text, refused
from shared.values.errors import ConfigError, SearchError, SearchUnavailable
from shared.values.json_text import decode_json

CONNECT_SECONDS, QUICK_SECONDS = 1.5, 6.5
"""Of a quick request: to connect, and in all."""

LEVEL = 2  # of gzip: a higher one costs more processor time than it saves

_any: "msgspec.json.Decoder[Any]" = msgspec.json.Decoder()


class SearchAnswer(NamedTuple):
    """An answer of a cluster, whatever its status."""

    status: int
    body: Any
    headers: Mapping[str, str]


class PlainRequests:
    """Requests to one cluster over connections that are kept; certificates are verified.

    connections: at most this many are kept; threads may share the object.
    Raises ConfigError for an address that is none, and for an API key that no header may hold.
    """

    def __init__(self, access: Access, connections: int = 1) -> None:
        place = urlsplit(access.url)
        if not _is_address(place):
            raise ConfigError(
                "is no address of Elasticsearch or OpenSearch.",
                thing=access.url.rpartition("@")[2],
                hint="Write https://HOST:9200.",
            )
        self._place, self._host, self._port = access.place(), place.hostname or "", place.port
        self._path, self._login = place.path.rstrip("/"), _login(access)
        self._context = access.ssl_context() if place.scheme == "https" else None
        self._kept: list[HttpConnection] = []
        self._most = connections

    def close(self) -> None:
        while self._kept:
            self._kept.pop().close()

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        params: Mapping[str, str] | None = None,
        product: Product = ELASTICSEARCH,
        is_lines: bool = False,
        connect_seconds: float | None = None,
        seconds: float,
    ) -> SearchAnswer:
        """Make one request. Raises SearchUnavailable, SearchError when there is no answer.

        body: JSON, or with `is_lines` the lines of a bulk request.
        connect_seconds: to connect; `seconds` if not given.
        seconds: for all of it.
        """
        headers = {"Accept": product.json, **self._login}
        if self._context is not None:
            headers["Accept-Encoding"] = "gzip"
        if body is not None:
            headers["Content-Type"] = product.lines if is_lines else product.json
            if self._context is not None:
                body, headers["Content-Encoding"] = gzip.compress(body, LEVEL), "gzip"
        query = f"?{urlencode(params)}" if params else ""
        connection = self._connection()
        try:
            answer = connection.request(
                method,
                f"{self._path}/{path}{query}",
                headers,
                body,
                connect_seconds=connect_seconds or seconds,
                seconds=seconds,
            )
            data = answer.body
            if answer.headers.get("content-encoding") == "gzip":
                data = gzip.decompress(data)
        except (*BROKEN, zlib.error, EOFError) as error:
            connection.close()
            raise self._failure(error) from None
        except BaseException:  # an interrupt: the answer may still come over this connection
            connection.close()
            raise
        self._keep(connection)
        return SearchAnswer(answer.status, _decoded(data), answer.headers)

    def _connection(self) -> HttpConnection:
        """A kept connection; it connects again when the other side has closed it meanwhile."""
        try:
            connection = self._kept.pop()
        except IndexError:
            return HttpConnection(self._host, self._port, self._context)
        # Nothing was asked, so what is there to read is the end of the connection.
        if connection.sock is not None and wait_for_read(connection.sock, timeout=0.0):
            connection.close()
        return connection

    def _keep(self, connection: HttpConnection) -> None:
        if len(self._kept) < self._most:
            self._kept.append(connection)
        else:
            connection.close()

    def _failure(self, error: Exception) -> SearchError | SearchUnavailable:
        if isinstance(error, ssl.SSLError) and not isinstance(error, _CUT_OFF):
            return SearchError(
                f"has a certificate that cannot be verified ({error}).",
                thing=self._place,
                hint="Put its CA as PEM text into ca_certificate of the secret.",
            )
        return SearchUnavailable(
            f"does not answer ({type(error).__name__}).",
            thing=self._place,
            hint="Is it up, and can this machine reach it (subnets, security groups)?",
        )


_CUT_OFF = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
"""The other side went away, whatever its certificate is."""


def get(access: Access, path: str) -> Any:
    """The decoded answer to one GET. Raises SearchUnavailable, SearchError and ConfigError."""
    requests = PlainRequests(access)
    try:
        answer = requests.send("GET", path, connect_seconds=CONNECT_SECONDS, seconds=QUICK_SECONDS)
    finally:
        requests.close()
    if answer.status >= 400:
        raise refused(answer.status, error_text(answer.body), access.place())
    return answer.body


def _is_address(place: SplitResult) -> bool:
    with suppress(ValueError):  # a port that is none, a host that no name server could know
        return bool(
            place.scheme in ("http", "https")
            and place.hostname
            and place.hostname.encode("idna")
            and place.port != 0
        )
    return False


def _login(access: Access) -> dict[str, str]:
    if access.api_key:
        if not (access.api_key.isascii() and access.api_key.isprintable()):
            raise ConfigError(
                "holds a character that no API key has.",
                thing="api_key in the secret of Elasticsearch",
                hint="Store the key in its encoded form, on one line.",
            )
        return {"Authorization": f"ApiKey {access.api_key}"}
    place = urlsplit(access.url)
    user, password = access.username, access.password
    if not user and place.username:
        user, password = unquote(place.username), unquote(place.password or "")
    if not user:
        return {}
    login = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {login}"}


def _decoded(data: bytes) -> Any:
    try:
        return decode_json(data, _any)
    except msgspec.MsgspecError:
        return None
