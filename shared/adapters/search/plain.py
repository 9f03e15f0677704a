"""Plain requests to a cluster, by urllib3, which boto3 loads anyway.

The official client takes longer to import than all else of a cold start together: it has a class
for each of some 500 endpoints, twice. Rowline uses a dozen of them.
"""

import base64
import gzip
import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote, urlencode, urlsplit

import msgspec
import urllib3

from shared.adapters.search.access import Access
from shared.adapters.search.answer import reason_of, refused
from shared.adapters.search.product import ELASTICSEARCH, Product
from shared.values.errors import ConfigError, SearchError, SearchUnavailable
from shared.values.json_text import decode_json

CONNECT_SECONDS, READ_SECONDS = 1.5, 5.0
LEVEL = 2  # of gzip: a higher one costs more processor time than it saves

_any: "msgspec.json.Decoder[Any]" = msgspec.json.Decoder()


class SearchAnswer(NamedTuple):
    """An answer of a cluster, whatever its status."""

    status: int
    body: Any
    headers: Mapping[str, str]


class PlainRequests:
    """Requests to one cluster over connections that are kept; certificates are verified.

    Raises ConfigError for an address that is none.
    """

    def __init__(self, access: Access, connections: int = 1) -> None:
        place = urlsplit(access.url)
        if place.scheme not in ("http", "https") or not place.hostname:
            raise ConfigError(
                "is no address of Elasticsearch or OpenSearch.",
                thing=access.url.rpartition("@")[2],
                hint="Write https://HOST:9200.",
            )
        self._place, self._secure = access.place(), place.scheme == "https"
        self._path, self._login = place.path.rstrip("/"), _login(access)
        options: dict[str, Any] = {"ssl_context": access.ssl_context()} if self._secure else {}
        # One pool of its own: a PoolManager parses the address at each request, which takes as long
        # as all else of it.
        self._pool = urllib3.connection_from_url(
            f"{place.scheme}://{place.netloc.rpartition('@')[2]}", maxsize=connections, **options
        )

    def close(self) -> None:
        self._pool.close()

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        params: Mapping[str, str] | None = None,
        product: Product = ELASTICSEARCH,
        is_lines: bool = False,
        timeout: urllib3.Timeout,
    ) -> SearchAnswer:
        """Make one request. Raises SearchUnavailable, SearchError when there is no answer.

        body: JSON, or with `is_lines` the lines of a bulk request.
        """
        headers = {"Accept": product.json, **self._login}
        if self._secure:
            headers["Accept-Encoding"] = "gzip"
        if body is not None:
            headers["Content-Type"] = product.lines if is_lines else product.json
            if self._secure:
                body, headers["Content-Encoding"] = gzip.compress(body, LEVEL), "gzip"
        query = f"?{urlencode(params)}" if params else ""
        try:
            answer = self._pool.urlopen(
                method,
                f"{self._path}/{path}{query}",
                body=body,
                headers=headers,
                timeout=timeout,
                retries=False,
                redirect=False,
            )
        except (ssl.SSLError, urllib3.exceptions.SSLError) as error:
            raise SearchError(
                f"has a certificate that cannot be verified ({error}).",
                thing=self._place,
                hint="Put its CA as PEM text into ca_certificate of the secret.",
            ) from None
        except urllib3.exceptions.HTTPError as error:
            raise SearchUnavailable(
                f"does not answer ({type(error).__name__}).",
                thing=self._place,
                hint="Is it up, and can this machine reach it (subnets, security groups)?",
            ) from None
        return SearchAnswer(answer.status, _decoded(answer.data), answer.headers)


def get(access: Access, path: str) -> Any:
    """The decoded answer to one GET. Raises SearchUnavailable, SearchError and ConfigError."""
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    requests = PlainRequests(access)
    try:
        answer = requests.send("GET", path, timeout=timeout)
    finally:
        requests.close()
    if answer.status >= 400:
        raise refused(answer.status, reason_of(answer.body), access.place())
    return answer.body


def _login(access: Access) -> dict[str, str]:
    if access.api_key:
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
