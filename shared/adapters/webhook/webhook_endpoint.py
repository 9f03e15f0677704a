"""Webhook endpoint: one URL that takes signed POST requests, over connections kept between them."""

import ssl
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from shared.adapters.webhook.signature import HEADER, SHORTEST_KEY, signature
from shared.values.errors import ConfigError, Outage

if TYPE_CHECKING:
    import urllib3

CONNECT_SECONDS = 3.0
REQUEST_SECONDS = 10.0
"""From the first byte sent to the last one read. The function's reserve is longer."""

MOST_ANSWER = 1_000_000
"""Bytes of an answer that are read."""

_REFRESH_EVERY = 60.0


class WebhookUnavailable(Outage):
    """The receiver did not answer in time, or cut the connection."""


class WebhookSecret(msgspec.Struct, frozen=True):
    """The content of the secret. Nothing of it shows in `repr`.

    signing_key: the key of the signature. authorization: a header's value; empty for none.
    ca_certificate: PEM text of a CA of your own.
    """

    signing_key: str
    authorization: str = ""
    ca_certificate: str = ""

    def __repr__(self) -> str:
        return "WebhookSecret(…)"


class WebhookAnswer(msgspec.Struct, frozen=True):
    """The answer of a receiver.

    status: the HTTP status. retry_after: the header's text; empty for none.
    """

    status: int
    body: bytes = b""
    retry_after: str = ""


class WebhookEndpoint:
    """A receiver.

    secret: returns the content of its secret, read again when the argument is true.
    """

    def __init__(
        self,
        url: str,
        secret: Callable[[bool], Mapping[str, Any]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.url, self._read, self._clock = url, secret, clock
        self._content: Mapping[str, Any] = {}
        self._secret: WebhookSecret | None = None
        self._pool: urllib3.PoolManager | None = None
        self._refreshed = float("-inf")

    def post(self, body: bytes, headers: Mapping[str, str]) -> WebhookAnswer:
        """One signed request. Raises WebhookUnavailable, ConfigError, SecretUnavailable.

        A login that is refused is read again, at most once a minute.
        """
        answer = self._request("POST", body, headers)
        if answer.status in (401, 403) and time.monotonic() - self._refreshed > _REFRESH_EVERY:
            self._refreshed = time.monotonic()
            self._open(fresh=True)
            # the reader keeps what it has read afresh
            answer = self._request("POST", body, headers)
        return answer

    def reach(self) -> WebhookAnswer:
        """Ask whether anybody listens, by a HEAD without signature. Raises as `post` does."""
        return self._request("HEAD", None, {})

    def _request(
        self, method: str, body: bytes | None, headers: Mapping[str, str]
    ) -> WebhookAnswer:
        import urllib3

        secret, pool = self._opened()
        sent = {"User-Agent": "Rowline", **headers}
        if secret.authorization:
            sent["Authorization"] = secret.authorization
        if body is not None:
            sent["Content-Type"] = "application/json"
            sent[HEADER] = signature(secret.signing_key, body, int(self._clock()))
        deadline = time.monotonic() + REQUEST_SECONDS
        try:
            answer = pool.request(
                method,
                self.url,
                body=body,
                headers=sent,
                redirect=False,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, total=REQUEST_SECONDS),
                preload_content=False,
            )
            try:
                return WebhookAnswer(
                    answer.status,
                    _read(answer, deadline),
                    answer.headers.get("Retry-After", ""),
                )
            finally:
                answer.release_conn()
        except (ssl.SSLError, urllib3.exceptions.SSLError) as error:
            raise WebhookUnavailable(
                f"has a certificate that cannot be verified ({error}).",
                thing=self._host(),
                hint="Put its CA as PEM text into ca_certificate of the secret.",
            ) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise WebhookUnavailable(
                f"does not answer ({type(error).__name__}).",
                thing=self._host(),
                hint="Is it up, and can the function reach it (subnets, security groups, NAT)?",
            ) from None

    def _opened(self) -> tuple[WebhookSecret, "urllib3.PoolManager"]:
        """The secret, read again when its reader's memory of it ends, and the connections."""
        self._open(fresh=False)
        assert self._secret is not None
        assert self._pool is not None
        return self._secret, self._pool

    def _open(self, *, fresh: bool) -> None:
        import urllib3

        try:
            content = self._read(fresh)
        except Outage:
            if self._secret is None:
                raise
            return  # the receiver may take the one that is known
        if self._secret is not None and content == self._content:
            return
        secret = secret_of(content)
        options: dict[str, Any] = {}
        if self.url.startswith("https:"):
            options["ssl_context"] = _context(secret.ca_certificate)
        if self._pool is not None:
            self._pool.clear()
        self._content, self._secret = content, secret
        self._pool = urllib3.PoolManager(retries=False, **options)

    def _host(self) -> str:
        return self.url.partition("://")[2].partition("/")[0].rpartition("@")[2]


def secret_of(content: Mapping[str, Any]) -> WebhookSecret:
    """Read a secret. Raises ConfigError, without quoting it."""
    try:
        secret = msgspec.convert(dict(content), WebhookSecret)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"cannot be used: {error}.",
            thing="the secret of the webhook",
            hint="It needs signing_key, and may have authorization and ca_certificate; all texts.",
        ) from None
    length = len(secret.signing_key)
    if length < SHORTEST_KEY:
        raise ConfigError(
            f"has a signing_key of {length} characters; {SHORTEST_KEY} are needed.",
            thing="the secret of the webhook",
            hint='Make one: python3 -c "import secrets; print(secrets.token_hex(32))"',
        )
    if not _fits_a_header(secret.authorization):
        raise ConfigError(
            "has a character in authorization that no header may hold, such as a line break.",
            thing="the secret of the webhook",
            hint="Store the value on one line.",
        )
    return secret


def _fits_a_header(text: str) -> bool:
    return text.isprintable() and all(ord(character) < 256 for character in text)


def _context(certificate: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cadata=certificate or None)
    except ssl.SSLError:
        raise ConfigError(
            "is no certificate.",
            thing="ca_certificate in the secret of the webhook",
            hint="Store the CA as PEM text.",
        ) from None


def _read(answer: "urllib3.BaseHTTPResponse", deadline: float) -> bytes:
    """The body, cut at MOST_ANSWER. A receiver that trickles does not hold the function."""
    parts: list[bytes] = []
    size = 0
    while part := answer.read1(65_536):
        parts.append(part)
        size += len(part)
        if time.monotonic() > deadline:
            answer.close()
            raise TimeoutError
        if size > MOST_ANSWER:
            answer.close()
            break
    return b"".join(parts)[:MOST_ANSWER]
