"""Refused login: what it means that a source refuses an account. See docs/logins.md."""

import re

from shared.values.errors import SourceError
from shared.values.source_endpoint import SourceEndpoint

_NO_PLUGIN = 2059  # PyMySQL knows nothing of the plugin that the server asks for
_WITHOUT_TLS = 3159
_EXPIRED = frozenset((1820, 1862, 3118, 3955, 4151))
_DENIED = frozenset((1045, 1130, 1251, 1275, 1698)) | _EXPIRED | {_NO_PLUGIN, _WITHOUT_TLS}
_PLUGIN = re.compile(r"plugin '(?:b')?([\w-]+)")
_TLS_WANTED = (
    "This connection has no TLS, and an account with REQUIRE SSL needs it. Name the server's "
    "authority (ca=PATH in a URL, ca_certificate in the secret)"
)


def refused_login(error: Exception, endpoint: SourceEndpoint) -> SourceError | None:
    """The error for a login that will not succeed as it is; None for any other error."""
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    text = str(error.args[-1] if error.args else error).rstrip(".")
    if isinstance(error, RuntimeError):  # PyMySQL lacks a package that the login needs
        return _without_package(text, endpoint)
    if code not in _DENIED and "insecure transport" not in text:
        return None
    if code == _NO_PLUGIN:
        found = _PLUGIN.search(text)
        plugin = found[1] if found else text
        return SourceError(
            f"the account logs in by {plugin}, which is not supported.",
            thing=str(endpoint),
            hint=f"{_OTHER_PLUGIN} See docs/logins.md.",
        )
    return SourceError(
        f"the server refuses this account ({code}): {text}.",
        thing=str(endpoint),
        hint=_hint(code, text, endpoint),
    )


_OTHER_PLUGIN = (
    "Give it mysql_native_password (MariaDB) or caching_sha2_password (MySQL), with a long random "
    "password."
)


def _without_package(text: str, endpoint: SourceEndpoint) -> SourceError:
    if "pynacl" in text.lower():
        return SourceError(
            "the account logs in by ed25519, which needs the package PyNaCl.",
            thing=str(endpoint),
            hint=f"The functions do not carry it. {_OTHER_PLUGIN} See docs/logins.md.",
        )
    return SourceError(
        f"cannot log in without TLS: {text}.",
        thing=str(endpoint),
        hint="Over TLS the login needs no package: leave out tls=off, and name the authority "
        "(ca=PATH in a URL, ca_certificate in the secret).",
    )


def _hint(code: int, text: str, endpoint: SourceEndpoint) -> str:
    if code in _EXPIRED:
        return "Unlock the account, or give it a new password: it is locked or has expired."
    if code == _WITHOUT_TLS or "insecure transport" in text:
        return f"The server takes no connection without TLS. {_TLS_WANTED}."
    if not endpoint.password:
        return "No password was given. Put it into the URL or the secret."
    hint = "Check user and password, and from which hosts the account may log in."
    return f"{hint} {_TLS_WANTED}." if endpoint.tls == "off" else hint
