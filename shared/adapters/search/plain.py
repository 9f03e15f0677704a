"""One GET request to a cluster without the official client.

The client takes a quarter of a second to import, a third of the time that `rowline status` may
take. urllib3 is loaded anyway, by boto3.
"""

import base64
import ssl
from collections.abc import Mapping
from typing import Any

import msgspec
import urllib3

from shared.adapters.search.access import Access
from shared.adapters.search.answer import reason_of, refused
from shared.values.errors import SearchError, SearchUnavailable

CONNECT_SECONDS, READ_SECONDS = 1.5, 5.0


def get(access: Access, path: str) -> Any:
    """The decoded answer. Raises SearchUnavailable, SearchError and ConfigError."""
    place = access.place()
    options: dict[str, Any] = {}
    if access.url.startswith("https:"):
        options["ssl_context"] = access.ssl_context()
    try:
        with urllib3.PoolManager(retries=False, **options) as pool:
            answer = pool.request(
                "GET",
                f"{access.url.rstrip('/')}/{path}",
                headers=_headers(access),
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            )
            body = _decoded(answer.data)
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
    if answer.status >= 400:
        raise refused(answer.status, reason_of(body), place)
    return body


def _headers(access: Access) -> Mapping[str, str]:
    if access.api_key:
        return {"Authorization": f"ApiKey {access.api_key}"}
    if access.username:
        login = base64.b64encode(f"{access.username}:{access.password}".encode()).decode()
        return {"Authorization": f"Basic {login}"}
    return {}


def _decoded(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        return None
