"""How to reach a cluster: the content of a consumer's secret."""

import ssl
from collections.abc import Mapping
from typing import Any

import msgspec

from shared.values.errors import ConfigError


class Access(msgspec.Struct, frozen=True):
    """The content of the secret. Nothing of it shows in `repr`.

    api_key: in its encoded form; or `username` and `password`, or neither.
    ca_certificate: PEM text.
    """

    url: str
    api_key: str = ""
    username: str = ""
    password: str = ""
    ca_certificate: str = ""

    def __repr__(self) -> str:
        return "Access(…)"

    def place(self) -> str:
        """Host, port and path of the cluster."""
        scheme, _, rest = self.url.partition("://")
        host, slash, path = rest.rpartition("@")[2].lower().rstrip("/").partition("/")
        port = "" if ":" in host.rpartition("]")[2] else {"https": ":443"}.get(scheme, ":80")
        return f"{host}{port}{slash}{path}"

    def ssl_context(self) -> ssl.SSLContext:
        """Verifies certificates, against `ca_certificate` where given. Raises ConfigError."""
        try:
            return ssl.create_default_context(cadata=self.ca_certificate or None)
        except ssl.SSLError:
            raise ConfigError(
                "is no certificate.",
                thing="ca_certificate in the secret of Elasticsearch",
                hint="Store the CA as PEM text.",
            ) from None


def access_of(secret: Mapping[str, Any]) -> Access:
    """Read a secret. Raises ConfigError."""
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
