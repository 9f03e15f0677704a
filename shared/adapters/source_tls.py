"""Source TLS: how the certificate of a source's server is verified. See docs/logins.md."""

import ssl
from typing import Any

from shared.values.errors import ConfigError
from shared.values.source_endpoint import SourceEndpoint

TLS_HINT = (
    "Name the authority that signed the server's certificate (ca=PATH in a URL, ca_certificate in "
    "the secret; on RDS the regional bundle), and connect by a host name that is in the "
    "certificate. One that MySQL made for itself names no host: tls=verify-ca checks its authority "
    "alone."
)


def tls_options(endpoint: SourceEndpoint) -> dict[str, Any]:
    """What PyMySQL is given for the connection's TLS. Raises ConfigError."""
    if endpoint.tls == "off":
        return {"ssl_disabled": True}
    try:
        context = ssl.create_default_context(
            cafile=endpoint.ca_file or None, cadata=endpoint.ca_certificate or None
        )
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"cannot be read as certificates: {error}.",
            thing=endpoint.ca_file or "ca_certificate",
            hint="It must be PEM text.",
        ) from None
    # Python 3.13 checks RFC 5280 to the letter, which certificates that MySQL makes for itself and
    # RDS's older authorities do not pass.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = endpoint.tls == "verify"
    return {"ssl": context}
