"""Source endpoint: the address and login of a source, from a URL or a Secrets Manager secret."""

import ipaddress
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from shared.values.errors import ConfigError

Tls = Literal["verify", "verify-ca", "off"]
DEFAULT_PORT = 3306
_SCHEMES = ("mysql", "mariadb")
_HINT = "Write mysql://USER:PASSWORD@HOST:PORT, with ?tls=off or ?tls=verify&ca=PATH where needed."


class SourceEndpoint(msgspec.Struct, frozen=True):
    """A server, an account, and the protection of the connection.

    tls: `verify` checks the server's certificate and name; `verify-ca` checks the certificate only,
        against a named authority; `off` sends everything in clear.
    ca_file, ca_certificate: the authority to check against, as a file or PEM text. If both are
        empty, the system's authorities are used.

    The password never appears in `repr`, `str` or errors.
    """

    host: str
    port: int
    user: str
    password: str
    tls: Tls = "verify"
    ca_file: str = ""
    ca_certificate: str = ""

    def __repr__(self) -> str:
        return f"SourceEndpoint({self})"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.user}@{host}:{self.port}"


def parse(url: str) -> SourceEndpoint:
    """Read a source URL; `mysql://` and `mariadb://` mean the same.

    It is `mysql://USER[:PASSWORD]@HOST[:PORT][/][?tls=off|verify|verify-ca][&ca=PATH]`.

    TLS is verified unless the host is this machine and no `ca` is given. Errors never quote the
    URL, because it holds the password. Raises ConfigError.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port or DEFAULT_PORT
    except ValueError:
        raise ConfigError(
            "has a port or host that cannot be read.", thing="source URL", hint=_HINT
        ) from None
    if parts.scheme not in _SCHEMES:
        raise ConfigError("must begin with mysql:// or mariadb://.", thing="source URL", hint=_HINT)
    if not parts.hostname or not parts.username:
        raise ConfigError("names no host or no user.", thing="source URL", hint=_HINT)
    if parts.path not in ("", "/") or parts.fragment:
        raise ConfigError(
            "carries a path; a source is a whole server.",
            thing="source URL",
            hint=(
                "Choose tables with --tables. In a password write / as %2F, ? as %3F, # as %23 "
                "and @ as %40."
            ),
        )
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(set(options) - {"tls", "ca"}):
        raise ConfigError(
            f"has an option it does not know: {unknown[0]}.",
            thing="source URL",
            hint="Options are tls=off|verify|verify-ca and ca=PATH.",
        )
    return SourceEndpoint(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
        tls=_tls(
            options.get("tls")
            or ("off" if _is_loopback(parts.hostname) and not options.get("ca") else "verify"),
            options.get("ca", ""),
            "source URL",
        ),
        ca_file=options.get("ca", ""),
    )


def from_secret(name: str, secret: dict[str, Any]) -> SourceEndpoint:
    """Read a secret {host, port?, username, password, tls?, ca_certificate?}.

    RDS's own secrets have these names too. TLS is verified unless `tls` is `off`. Raises
    ConfigError that names the secret and the entry, never a value.
    """
    for entry in ("host", "username", "password"):
        if not isinstance(secret.get(entry), str) or not secret[entry]:
            raise ConfigError(
                f"has no entry {entry}.",
                thing=f"secret {name}",
                hint="It needs host, port, username and password.",
            )
    try:
        port = int(secret.get("port") or DEFAULT_PORT)
    except (TypeError, ValueError):
        raise ConfigError("has a port that is no number.", thing=f"secret {name}") from None
    return SourceEndpoint(
        host=secret["host"],
        port=port,
        user=secret["username"],
        password=secret["password"],
        tls=_tls(
            secret.get("tls") or "verify", secret.get("ca_certificate") or "", f"secret {name}"
        ),
        ca_certificate=secret.get("ca_certificate") or "",
    )


def _tls(text: str, authority: str, thing: str) -> Tls:
    if text == "verify":
        return "verify"
    if text == "off":
        return "off"
    if text == "verify-ca":
        if authority:
            return "verify-ca"
        raise ConfigError(
            "has tls verify-ca and names no authority.",
            thing=thing,
            hint="Without one any certificate would do: add ca=PATH (in a secret ca_certificate).",
        )
    raise ConfigError(
        "has a tls option that is none of off, verify and verify-ca.",
        thing=thing,
        hint="Write verify, or off: encryption without verification protects against nobody.",
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
