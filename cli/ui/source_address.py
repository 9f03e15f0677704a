"""A source given on the command line: a URL, or the name of a secret."""

import sys

import msgspec
import typer

from shared.values.source_endpoint import SourceEndpoint, from_secret, parse

SECRET = "secret:"  # noqa: S105 - the word in front of a secret's name


def is_address(text: str) -> bool:
    """Whether a text says where a source is, rather than naming one of the stage."""
    return text.startswith(SECRET) or "://" in text


def endpoint_of(text: str) -> SourceEndpoint:
    """The endpoint of `mysql://USER[:PASSWORD]@HOST…` or `secret:NAME`.

    On a terminal a URL without a password asks for it. Raises ConfigError.
    """
    if text.startswith(SECRET):
        # Here, so that a URL needs neither AWS nor the second that its library takes to load.
        from shared.adapters.secrets import secret_json

        name = text.removeprefix(SECRET)
        return from_secret(name, secret_json(name))
    endpoint = parse(text)
    if ":" not in text.split("://", 1)[1].rpartition("@")[0] and sys.stdin.isatty():
        password = typer.prompt(
            f"Password for {endpoint}", default="", hide_input=True, show_default=False, err=True
        )
        return msgspec.structs.replace(endpoint, password=password)
    return endpoint
