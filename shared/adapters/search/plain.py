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


def pool_of(access: Access, connections: int = 1) -> urllib3.PoolManager:
    """Connections that are kept; certificates are verified. Raises ConfigError."""
    place = urlsplit(access.url)
    if place.scheme not in ("http", "https") or not place.hostname:
        raise ConfigError(
            "is no address of Elasticsearch or OpenSearch.",
            thing=access.url.rpartition("@")[2],
            hint="Write https://HOST:9200.",
        )
    options: dict[str, Any] = {}
    if place.scheme == "https":
        options["ssl_context"] = access.ssl_context()
    return urllib3.PoolManager(maxsize=connections, retries=False, **options)


def send(
    pool: urllib3.PoolManager,
    access: Access,
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
    place, secure = access.place(), access.url.startswith("https:")
    headers = {"Accept": product.json, **_login(access)}
    if secure:
        headers["Accept-Encoding"] = "gzip"
    if body is not None:
        headers["Content-Type"] = product.lines if is_lines else product.json
        if secure:
            body, headers["Content-Encoding"] = gzip.compress(body, LEVEL), "gzip"
    query = f"?{urlencode(params)}" if params else ""
    try:
        answer = pool.request(
            method, f"{_base(access)}/{path}{query}", body=body, headers=headers, timeout=timeout
        )
    except (ssl.SSLError, urllib3.exceptions.SSLError) as error:
        raise SearchError(
            f"has a certificate that cannot be verified ({error}).",
            thing=place,
            hint="Put its CA as PEM text into ca_certificate of the secret.",
        ) from None
    except urllib3.exceptions.HTTPError as error:
        raise SearchUnavailable(
            f"does not answer ({type(error).__name__}).",
            thing=place,
            hint="Is it up, and can this machine reach it (subnets, security groups)?",
        ) from None
    return SearchAnswer(answer.status, _decoded(answer.data), answer.headers)


def get(access: Access, path: str) -> Any:
    """The decoded answer to one GET. Raises SearchUnavailable, SearchError and ConfigError."""
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    with pool_of(access) as pool:
        answer = send(pool, access, "GET", path, timeout=timeout)
    if answer.status >= 400:
        raise refused(answer.status, reason_of(answer.body), access.place())
    return answer.body


def _base(access: Access) -> str:
    """The address without the login that it may hold."""
    scheme, _, rest = access.url.rstrip("/").partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


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
